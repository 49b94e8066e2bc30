// Reads a JSON list of Mermaid sources, writes a JSON list of SVG pictures. Fails on what it cannot draw.
import { readFileSync } from "node:fs";
import { renderMermaidSVG } from "beautiful-mermaid";

const sources = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(sources.map((source) => renderMermaidSVG(source))));
