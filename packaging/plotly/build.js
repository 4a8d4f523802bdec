// Writes the bundle of Plotly that ndmem has in its wheel, the licences of what is in it, and a record of both.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build, version as esbuildVersion } from "esbuild";

const target = process.argv[2] ?? "../../src/ndmem/reporting/html/plotly";
const describe = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
const plotly = describe("plotly.js");
const copyright = readFileSync("node_modules/plotly.js/LICENSE", "utf8").match(/^Copyright.*\w/m)[0];
const traces = ["scatter", ...readFileSync("bundle.cjs", "utf8").match(/lib\/(?!core)\w+/g).map((path) => path.slice(4))];

const { outputFiles: [script], metafile } = await build({
  entryPoints: ["bundle.cjs"],
  bundle: true, minify: true, write: false, metafile: true, outfile: "plotly.min.js",
  format: "iife", globalName: "Plotly",
  target: "es2020", charset: "ascii", legalComments: "none",
  banner: { js: `/*! plotly.js ${plotly.version} (${traces.join(", ")}). ${copyright}. MIT license. */` },
  define: { global: "window", "define.amd": "false" },
  // The style of maps, which are not among the traces.
  loader: { ".css": "empty" },
});

// The packages whose code is in the output, by their folders.
const inputs = Object.entries(metafile.outputs["plotly.min.js"].inputs).filter(([path]) => !path.endsWith(".css"));
const packages = [...new Set(inputs.flatMap(([path]) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []))].sort();
const licences = packages.map((folder) => {
  const { name, version, license, author } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
  const by = typeof author === "object" ? author.name : author;
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").replace(/\r/g, "").trim() : by ? `Copyright ${by}` : "";
  return `${name} ${version} (${license})\n\n${text}`.trim();
});

// esbuild leaves a few characters of regular expressions. A page in ASCII is read correctly in any encoding.
const ascii = script.text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const files = {
  "plotly.min.js": ascii,
  "LICENSES.txt": `plotly.min.js contains code of these packages.\n\n${licences.join(`\n\n${"-".repeat(80)}\n\n`)}\n`,
};
const hash = (text) => createHash("sha256").update(text).digest("hex");
const record = {
  version: plotly.version, traces, esbuild: esbuildVersion,
  sha256: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, hash(text)])),
};
if (!existsSync(target)) mkdirSync(target);
for (const [name, text] of Object.entries({ ...files, "record.json": `${JSON.stringify(record, null, 2)}\n` })) {
  writeFileSync(`${target}/${name}`, text);
}
console.log(`Plotly ${plotly.version}: ${ascii.length} bytes, ${packages.length} packages`);
