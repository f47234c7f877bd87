/**
 * What the static edition's weights come to again, for tests/test_site.py.
 *
 *     deno run --allow-read --allow-write squeezed.js FROM TO
 */

import { expand } from "../../aevb/web/hosts/squeezed.js";

const [from, to] = Deno.args;
Deno.writeFileSync(to, new Uint8Array(expand(Deno.readFileSync(from).buffer)));
