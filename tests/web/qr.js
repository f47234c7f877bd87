// Codes of texts, for tests/test_qr.py: [text, mask or null] as lines of JSON in, the modules as lines of JSON out.

import { modules } from "../../aevb/web/frame/qr.js";

for (const line of (await new Response(Deno.stdin.readable).text()).split("\n").filter(Boolean)) {
  const [text, mask] = JSON.parse(line);
  console.log(JSON.stringify(modules(text, mask ?? undefined).map((row) => Array.from(row))));
}
