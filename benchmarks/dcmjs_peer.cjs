// Converts a folder of files with dcmjs-codecs, one after the other.
// Usage: node dcmjs_peer.cjs PACKAGE SOURCE OUT UID
const fs = require("node:fs");
const path = require("node:path");

const [packageFolder, source, out, syntax] = process.argv.slice(2);
const { NativeCodecs, Transcoder } = require(packageFolder);

async function main() {
  await NativeCodecs.initializeAsync();
  for (const name of fs.readdirSync(source).sort()) {
    const file = fs.readFileSync(path.join(source, name));
    const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
    const transcoder = new Transcoder(bytes);
    transcoder.transcode(syntax);
    fs.writeFileSync(path.join(out, name), Buffer.from(transcoder.getDicomPart10()));
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
