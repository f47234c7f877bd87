import assert from "node:assert/strict";
import { pack, parse, unpack } from "../../aevb/web/frame/tour_file.js";

const SCENES = { "": ["start", "idea"], vae: ["prior", "flow"], gmvae: ["confusion"] };

const TOUR = `\uFEFFTour: Mine
About: A sentence.\r
# for readers
Step: vae?scene=flow&digit=7&z=1,2
Says: One sentence,
  on two lines.
Notes: Speak slowly: they listen.
Asks: Why?
Answer: So.

Step: https://host/any/index.html?page=gmvae&scene=confusion
Says: Another.
Step: https://host/app/gmvae?scene=confusion&page=2&tour=em&stop=4
says: A third.
Step: overview
Says: A fourth.
`;

Deno.test("a tour is read field by field, whatever kind of link its steps have", () => {
  const { title, about, steps } = parse(TOUR, SCENES);
  assert.deepEqual([title, about], ["Mine", "A sentence."]);
  assert.deepEqual(steps[0], {
    page: "vae",
    search: "scene=flow&digit=7&z=1,2",
    says: "One sentence, on two lines.",
    notes: "Speak slowly: they listen.",
    asks: "Why?",
    answer: "So.",
  });
  assert.deepEqual(steps.slice(1).map(({ page, search }) => [page, search]), [
    ["gmvae", "scene=confusion"],
    ["gmvae", "scene=confusion&page=2"],
    ["", ""],
  ]);
});

Deno.test("whatever is wrong with a tour is told by its line", () => {
  const step = "Tour: T\nStep: vae\nSays: s\n";
  for (
    const [text, told] of [
      ["", /^Line 1: a tour begins with “Tour:”/],
      ["  x", /^Line 1: a tour begins/],
      ["\nStep: vae", /^Line 2: a tour begins/],
      ["Tour: T\n", /^Line 1: this tour has no “Step:”/],
      ["Tour: T\n\nSay: x", /^Line 3: it begins with none of Tour: About: Step: Says:/],
      ["Tour: T\nSays: x", /^Line 2: “Says:” belongs to a step/],
      ["Tour: T\nStep: vae\nStep: vae", /^Line 2: this step says nothing/],
      ["Tour: T\nStep: vae\nSays:\n", /^Line 3: nothing stands behind “Says:”/],
      [
        "Tour: T\nStep: vea?scene=flow",
        /^Line 2: there is no page “vea”: the pages are overview, vae, gmvae/,
      ],
      ["Tour: T\nStep: constructor", /^Line 2: there is no page “constructor”/],
      ["Tour: T\nconstructor: x", /^Line 2: it begins with none of/],
      ["Tour: T\nStep: vae?scene=flaw", /^Line 2: vae has no scene “flaw”: its scenes are prior, flow/],
      [`${step}Says: again`, /^Line 4: this step has “Says:” already/],
      [`${step}Answer: x`, /^Line 4: an answer needs “Asks:”/],
      [`${step}Asks: x\n\nStep: vae\nSays: s`, /^Line 4: this question has no “Answer:”/],
      [`${step}Tour: U`, /^Line 4: a file holds one tour/],
      [`${step}About: U`, /^Line 4: “About:” stands once/],
      [`${step}Notes: ${"x".repeat(1300)}`, /^Line 4: “Notes:” has 1300 letters: 1200 are the most/],
      [`Tour: T\n${"Step: vae\nSays: s\n".repeat(61)}`, /^Line 122: a tour has at most 60 steps/],
      ["x".repeat(50_000), /^It is 50000 letters long/],
    ]
  ) {
    assert.throws(() => parse(String(text), SCENES), { message: told });
  }
});

Deno.test("a tour of one's own stands in a link of letters that no link changes", async () => {
  const packed = await pack(TOUR);
  assert.match(packed, /^~[\w-]+$/);
  assert.equal(await unpack(packed), TOUR.slice(1)); // without the mark of its encoding
  for (const damaged of ["~abc", `~${"A".repeat(40)}`]) {
    await assert.rejects(unpack(damaged), { message: /damaged: copy the link whole/ });
  }
  const long = Array.from(crypto.getRandomValues(new Uint8Array(9000)), (byte) => byte.toString(36)).join("");
  await assert.rejects(pack(long), { message: /too long for a link, by \d+ %/ });
  await assert.rejects(unpack(await pack("x".repeat(1_000_000))), { message: /damaged/ }); // that would unpack to more
});
