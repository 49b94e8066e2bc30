"""`python -m benchmarks.peers.null_sns`: an SNS that takes everything and does nothing, on loopback, so that only the client
is measured. Prints its port, and ends with its standard input.
"""

import sys
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

TAKEN = "".join(f"<member><Id>{id_}</Id><MessageId>m-{id_}</MessageId></member>" for id_ in range(10))
ONE = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
BATCH = (
    f"<PublishBatchResponse><PublishBatchResult><Successful>{TAKEN}</Successful><Failed/>"
    "</PublishBatchResult></PublishBatchResponse>"
)


def answer(body: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


class Sns(StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """One connection, and request after request on it."""
        while self.rfile.readline():
            length = 0
            while (line := self.rfile.readline().strip().lower()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name == b"content-length" else length
            body = self.rfile.read(length)
            self.wfile.write(answer(BATCH if b"Action=PublishBatch" in body else ONE))


class Server(ThreadingTCPServer):
    daemon_threads = True


def main() -> None:
    with Server(("127.0.0.1", 0), Sns) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
