"""One certificate authority per state folder, for this machine alone."""

from fanout.local.emulator.ports import HOST
from fanout.local.emulator.state import State, write_private


def make_certificate(state: State) -> None:
    """Kept until its folder goes, so that a program which was given the authority keeps trusting it.

    Without ministack's own one, which needs an `openssl` command that not every machine has. The authority's key is
    never written: nobody can sign a second certificate for it.
    """
    if state.authority.exists() and state.server_certificate.exists():
        return
    import trustme

    authority = trustme.CA(organization_name="Fanout local")
    server = authority.issue_cert("localhost", HOST, "::1")
    write_private(state.server_certificate, server.private_key_and_cert_chain_pem.bytes().decode())
    write_private(state.authority, authority.cert_pem.bytes().decode())
