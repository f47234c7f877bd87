// Draw: strokes on a canvas, and what four models say of them on every frame. What takes longer than a frame is
// done in slices, so that the stroke never waits. Python hears of the drawing when a stroke ends.

const BUDGET = 4; // milliseconds of a frame for the models
const STILL = 200; // milliseconds without a change before the VRNN begins
const ALIKE = 8, ENDINGS = 6, NOISE = 3;
const EXAMPLE = 35; // the test digit seen before anything is drawn
const DONE = 100; // drawings that can be undone

const NAMES = ["vae", "cvae", "gmvae", "vrnn"];

export default (component) => mount(component, Draw, ".draw");

// Work that pauses often, a task after the other. `tasks` is {name: {begin, show}}: a generator, and what to do
// with each of its values.
class Work {
  constructor(tasks) {
    this.tasks = tasks;
    this.wanted = new Set();
    this.current = null;
  }

  want(...names) {
    for (const name of names) this.wanted.add(name);
  }

  drop(name) {
    this.wanted.delete(name);
    if (this.current?.name === name) this.current = null;
  }

  has(name) {
    return this.wanted.has(name) || this.current?.name === name;
  }

  // Goes on until then, at least by one step; true if anything is left.
  run(until) {
    do {
      if (!this.current) {
        const [name] = this.wanted;
        if (name === undefined) return false;
        this.wanted.delete(name);
        this.current = { name, steps: this.tasks[name].begin() };
      }
      const { name, steps } = this.current, { value, done } = steps.next();
      if (done) this.current = null;
      if (value !== undefined) this.tasks[name].show(value, done);
    } while (performance.now() < until);
    return this.current !== null || this.wanted.size > 0;
  }
}

class Draw extends Reporter {
  constructor(root) {
    super();
    this.root = root;
    this.one = (selector) => root.querySelector(selector);
    this.models = {};
    this.strokes = []; // of points [x, y]
    this.digit = null; // a test digit in their place
    this.example = false; // whether that is only there until the visitor draws
    this.past = [];
    this.stroke = null; // the one being drawn
    this.seed = 0;
    this.pixels = new Float32Array(784);
    this.paper = new Panel(this.one(".paper"));
    this.whiskers = new Panel(this.one(".whiskers"));
    this.work = new Work({
      alike: { begin: () => this.findAlike(), show: (found) => this.showAlike(found) },
      labels: { begin: () => readLabels(this.models.cvae, this.pixels, this.noise), show: (read) => this.showLabels(read) },
      clusters: { begin: () => readClusters(this.models.gmvae, this.pixels), show: (read) => this.showClusters(read) },
      endings: { begin: () => this.end(), show: (read) => this.showEndings(read) },
    });
    this.build();
    this.listen();
  }

  close() {
    super.close();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.pause);
  }

  build() {
    const fill = (selector, count, html) => {
      this.one(selector).innerHTML = Array.from({ length: count }, (_, i) => html(i)).join("");
    };
    fill(".likes", ALIKE, () => `<a><canvas class="pixels"></canvas><span></span></a>`);
    fill(".endings", ENDINGS, (i) => `<div><canvas class="pixels" role="img" aria-label="Ending ${i + 1}"></canvas><i hidden></i></div>`);
  }

  // What the visitor does

  listen() {
    const { canvas } = this.paper;
    canvas.onpointerdown = (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true }); // so that Ctrl+Z is ours
      this.save();
      if (this.digit !== null) this.strokes = [];
      this.digit = null;
      this.example = false;
      this.stroke = [this.at(event)];
      this.strokes = [...this.strokes, this.stroke];
      this.change();
    };
    canvas.onpointermove = (event) => {
      if (!this.stroke || !event.isPrimary) return;
      for (const each of event.getCoalescedEvents?.() ?? []) this.extend(each);
      this.extend(event);
      this.change();
    };
    canvas.onpointerup = canvas.onpointercancel = (event) => {
      if (!this.stroke || !event.isPrimary) return;
      this.strokes = [...this.strokes.slice(0, -1), simplify(this.stroke)]; // as the link will have it
      this.stroke = null;
      this.change();
      this.report();
    };
    canvas.oncontextmenu = (event) => event.preventDefault();
    this.root.onkeydown = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
      if (event.target.matches("input[type=number]")) return;
      event.preventDefault();
      this.undo();
    };
    this.one(".undo").onclick = () => this.undo();
    this.one(".clear").onclick = () => this.replace([], null);
    this.one(".any").onclick = () => this.replace([], Math.floor(Math.random() * this.count));
    this.one(".number").onchange = ({ target }) => {
      const number = Math.round(Number(target.value));
      if (target.value !== "" && number >= 0 && number < this.count) this.replace([], number);
      else this.tools();
    };
    const keep = this.one(".keep");
    keep.oninput = () => {
      this.one(".kept").textContent = keep.value;
      this.restart();
    };
    keep.onchange = () => this.report();
    this.one(".others").onclick = () => {
      this.seed += 1;
      this.restart();
    };
  }

  get count() {
    return this.models.digits?.count ?? 10_000;
  }

  at(event) {
    const box = this.paper.canvas.getBoundingClientRect(); // the pointer may leave it
    const within = (value) => Math.max(0, Math.min(UNITS - 1, value));
    return [within(((event.clientX - box.left) / box.width) * UNITS), within(((event.clientY - box.top) / box.height) * UNITS)];
  }

  extend(event) {
    const point = this.at(event), last = this.stroke.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= 1) this.stroke.push(point);
  }

  save() {
    this.past = [...this.past.slice(1 - DONE), { strokes: this.strokes, digit: this.digit, example: this.example }];
  }

  replace(strokes, digit) {
    if (this.stroke) return;
    this.save();
    Object.assign(this, { strokes, digit, example: false });
    this.change();
    this.report();
  }

  undo() {
    if (!this.past.length || this.stroke) return;
    Object.assign(this, this.past.at(-1));
    this.past = this.past.slice(0, -1);
    this.change();
    this.report();
  }

  // What Python hears of, and what a screen reader says
  report() {
    this.unspoken = true;
    this.one(".too-long").hidden = write(this.strokes).length <= this.data.longest;
    super.report();
  }

  state() {
    const { run, longest } = this.data, strokes = write(this.strokes);
    const digit = this.example ? null : this.digit, keep = Number(this.one(".keep").value);
    return { run, strokes: strokes.length > longest ? "" : strokes, digit, keep };
  }

  // What Python sends

  receive(data) {
    const before = this.data;
    this.data = data;
    if (data.run !== before?.run) {
      this.past = [];
      this.example = !data.strokes && data.digit === null;
      Object.assign(this, { strokes: parse(data.strokes), digit: this.example ? EXAMPLE : data.digit, unspoken: true });
      this.one(".keep").value = data.keep;
      this.one(".kept").textContent = data.keep;
      this.one(".too-long").hidden = true;
      this.opened();
    }
    this.root.style.setProperty("--mark", data.colors.mark);
    if (data.titles) this.fillColumns(".clusters", data.titles);
    this.load();
    this.layout();
    this.change();
  }

  load() {
    const { urls, problems } = this.data;
    const digits = this.one(".of-digits");
    whenLoaded(digits, { digits: urls.digits }, (loaded) => this.arrive(loaded), { digits: loadDigits }, "Loading the test digits …");
    for (const name of NAMES) {
      const notice = this.one(`.${name} .notice`), body = this.one(`.${name} .body`);
      if (problems[name]) {
        Object.assign(notice, { hidden: false, textContent: problems[name] });
        notice.setAttribute("role", "alert");
        body.hidden = true;
        continue;
      }
      const wanted = { [name]: urls[name] };
      if (name === "vae") wanted.means = urls.means;
      body.hidden = !this.models[name];
      whenLoaded(notice, wanted, (loaded) => this.arrive(loaded), { means: loadLatents });
    }
  }

  arrive(loaded) {
    Object.assign(this.models, loaded);
    for (const name of NAMES) if (this.models[name]) this.one(`.${name} .body`).hidden = false;
    const { cvae, vrnn, digits } = this.models;
    if (loaded.cvae) {
      const random = new Random(0);
      this.noise = Array.from({ length: NOISE }, () => random.normal(cvae.latentDim));
      this.fillColumns(".labels", Array.from({ length: cvae.choices }, (_, y) => String(y)), true);
    }
    if (loaded.vrnn) this.one(".keep").max = vrnn.length;
    if (loaded.digits) this.one(".number").max = digits.count - 1;
    this.unspoken = true;
    this.layout();
    this.change();
  }

  fillColumns(selector, names, pictures = false) {
    const columns = this.one(selector);
    if (columns.children.length === names.length) return;
    const picture = (name) => (pictures ? `<canvas class="pixels" role="img" aria-label="The drawing as a ${name}"></canvas>` : "");
    columns.innerHTML = names.map((name) =>
      `<div>${picture(name)}<div class="bar"><i></i></div><div class="name">${name}</div><div class="value"></div></div>`).join("");
  }

  // A frame

  layout() {
    if (!this.paper.fit()) return;
    this.whiskers.fit();
    this.theme = themeOf(this.root);
    this.drawPaper();
    this.drawWhiskers();
  }

  change() {
    this.changed = true;
    this.ask();
  }

  ask() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.step();
    });
  }

  step() {
    const until = performance.now() + BUDGET;
    if (this.changed) {
      this.changed = false;
      this.drawPaper();
      this.tools();
      this.see();
    }
    if (this.work.run(until)) this.ask();
    else if (this.unspoken && !this.stroke) this.say();
  }

  get blank() {
    return this.digit === null && !this.strokes.length;
  }

  // The drawing as the models see it, and what of them takes less than a frame.
  see() {
    const { vae, digits } = this.models;
    if (this.digit !== null && !digits) return;
    this.pixels = this.digit !== null ? digits.image(this.digit) : prepare(this.strokes);
    paint(this.one(".prepared"), this.pixels);
    this.root.classList.toggle("blank", this.blank);
    if (this.blank) return this.empty();
    if (vae) {
      this.reading = reconstruct(vae, this.pixels);
      paint(this.one(".lambda"), this.reading.lambda);
      this.drawWhiskers();
      this.work.want("alike");
    }
    if (this.models.cvae) this.work.want("labels");
    if (this.models.gmvae) this.work.want("clusters");
    this.follow();
    this.restart(STILL);
  }

  empty() {
    for (const name of Object.keys(this.work.tasks)) this.work.drop(name);
    clearTimeout(this.pause);
    this.reading = this.labels = this.clusters = this.alike = null;
    const nothing = new Float32Array(784);
    for (const canvas of this.root.querySelectorAll("canvas.pixels")) paint(canvas, nothing);
    for (const text of this.root.querySelectorAll(".guess b, .guess span, .elbo, .value, .likes span")) text.textContent = "";
    for (const bar of this.root.querySelectorAll(".bar i")) bar.style.height = 0;
    for (const mark of this.root.querySelectorAll(".endings i")) mark.hidden = true;
    for (const best of this.root.querySelectorAll(".best")) best.classList.remove("best");
    this.drawWhiskers();
  }

  // The VRNN begins once the drawing has not changed for a moment.
  restart(delay = 0) {
    this.work.drop("endings");
    clearTimeout(this.pause);
    if (!this.models.vrnn || this.blank) return;
    this.pause = setTimeout(() => {
      this.work.want("endings");
      this.ask();
    }, delay);
  }

  // Pictures

  drawPaper() {
    const { width } = this.paper, unit = width / UNITS;
    if (!width) return;
    this.paper.show((context) => {
      context.fillStyle = "#000";
      context.fillRect(0, 0, width, width);
      if (this.digit !== null && this.models.digits) {
        this.buffer ??= document.createElement("canvas");
        paint(this.buffer, this.models.digits.image(this.digit));
        context.globalAlpha = this.example ? 0.4 : 1;
        context.imageSmoothingEnabled = false;
        context.drawImage(this.buffer, 0, 0, width, width);
        context.globalAlpha = 1;
      }
      if (this.example || this.blank) {
        const edge = (4 / 28) * width;
        Object.assign(context, { strokeStyle: "#8a8a8a", lineWidth: 1.5 });
        context.setLineDash([5, 6]);
        context.strokeRect(edge, edge, width - 2 * edge, width - 2 * edge);
        context.setLineDash([]);
        context.font = `650 ${Math.round(width / 15)}px ${this.theme.font}`;
        Object.assign(context, { fillStyle: "#fff", textAlign: "center", textBaseline: "middle" });
        context.fillText("Draw a digit here", width / 2, width * 0.93);
      }
      Object.assign(context, { strokeStyle: "#fff", lineWidth: (PEN / 28) * width, lineCap: "round", lineJoin: "round" });
      for (const stroke of this.strokes) {
        context.beginPath();
        context.moveTo(stroke[0][0] * unit, stroke[0][1] * unit);
        for (const [x, y] of stroke) context.lineTo(x * unit, y * unit);
        context.stroke();
      }
    });
  }

  tools() {
    this.one(".undo").disabled = !this.past.length;
    this.one(".clear").disabled = this.blank;
    this.one(".number").value = this.digit ?? "";
  }

  drawWhiskers() {
    const { whiskers: panel, theme, data } = this;
    if (!theme || !data.order || !panel.width) return;
    const { width, height } = panel, { colors, order } = data, posterior = this.reading?.posterior;
    const ends = posterior ? order.map((l) => Math.abs(posterior.loc[l]) + posterior.scale[l]) : [];
    const reach = Math.max(3.2, ...ends.map((end) => end + 0.2)), y = (value) => height / 2 - (value / reach) * (height / 2 - 2);
    const label = 34, gap = (width - label) / order.length;
    panel.show((context) => {
      context.fillStyle = context.strokeStyle = theme.text;
      context.globalAlpha = 0.12;
      context.fillRect(label, y(1), width - label, y(-1) - y(1));
      context.globalAlpha = 0.45;
      context.beginPath();
      context.moveTo(label, y(0));
      context.lineTo(width, y(0));
      context.stroke();
      context.globalAlpha = 1;
      context.font = `15px ${theme.font}`;
      Object.assign(context, { textAlign: "right", textBaseline: "middle" });
      for (const value of [-2, 0, 2]) context.fillText(number(value), label - 8, y(value));
      if (!posterior) return;
      context.fillStyle = colors.posterior;
      const thick = Math.min(9, 0.45 * gap);
      order.forEach((l, place) => {
        const x = label + (place + 0.5) * gap, { loc, scale } = posterior;
        context.globalAlpha = 0.5;
        context.fillRect(x - thick / 2, y(loc[l] + scale[l]), thick, y(loc[l] - scale[l]) - y(loc[l] + scale[l]));
        context.globalAlpha = 1;
        context.beginPath();
        context.arc(x, y(loc[l]), Math.max(2.5, 0.6 * thick), 0, 6.2832);
        context.fill();
      });
    });
  }

  *findAlike() {
    return nearest(this.models.means, this.reading.posterior.loc, ALIKE);
  }

  showAlike(found) {
    this.alike = found;
    const { digits } = this.models;
    if (digits) [...this.one(".likes").children].forEach((link, i) => paint(link.firstElementChild, digits.image(found[i])));
    this.follow();
  }

  nameAlike() {
    [...this.one(".likes").children].forEach((link, i) => {
      const digit = this.alike[i];
      setText(link.lastElementChild, String(digit));
      link.href = pageUrl("vae", { digit });
      link.setAttribute("aria-label", `Test ${this.name(digit)}, on the VAE page`);
    });
  }

  name(digit) {
    const { digits } = this.models;
    return `digit ${digit}${digits ? `, a ${digits.labels[digit]}` : ""}`;
  }

  showLabels(read) {
    this.labels = read;
    [...this.one(".labels").children].forEach((column, y) => paint(column.querySelector("canvas"), read.lambdas[y]));
    this.follow();
  }

  writeLabels() {
    const { colors } = this.data, { bounds, label, probabilities } = this.labels;
    const best = bounds[label], least = Math.min(...bounds);
    [...this.one(".labels").children].forEach((column, y) => {
      column.classList.toggle("best", y === label);
      this.setBar(column, (bounds[y] - least) / (best - least || 1), colors.digits[y % 10], y === label);
      setText(column.querySelector(".value"), y === label ? "best" : nats(bounds[y] - best));
    });
    setText(this.one(".guess b"), String(label));
    setText(this.one(".guess span"), percent(probabilities[label]));
  }

  showClusters(read) {
    this.clusters = read;
    this.follow();
  }

  writeClusters() {
    const { clusters, colors } = this.data, read = this.clusters;
    [...this.one(".clusters").children].forEach((column, row) => {
      const share = read.probabilities[clusters[row]], best = clusters[row] === read.cluster;
      column.classList.toggle("best", best);
      this.setBar(column, share, colors.digits[row % 10], best);
      setText(column.querySelector(".value"), percent(share));
    });
  }

  write() {
    if (this.reading) setText(this.one(".elbo"), nats(this.reading.elbo));
    if (this.alike) this.nameAlike();
    if (this.labels) this.writeLabels();
    if (this.clusters) this.writeClusters();
  }

  setBar(column, share, color, best) {
    const bar = column.querySelector(".bar i");
    Object.assign(bar.style, { height: `${100 * share}%`, background: color, opacity: best ? 1 : 0.5 });
  }

  // Of a whole digit as many rows are kept as the slider says; of a beginning in the canvas's upper half all
  // that there are, where they stand.
  end() {
    const asked = Number(this.one(".keep").value);
    const begun = this.digit === null && this.strokes.every((stroke) => stroke.every(([, y]) => y < UNITS / 2));
    const pixels = begun ? asDrawn(this.strokes) : this.pixels, inked = inkedRows(pixels);
    this.kept = begun ? inked : Math.min(asked, inked);
    return endings(this.models.vrnn, pixels, this.kept, ENDINGS, new Random(this.seed));
  }

  showEndings({ images, row }) {
    const { length } = this.models.vrnn;
    [...this.one(".endings").children].forEach((ending, n) => {
      paint(ending.querySelector("canvas"), images[n]);
      const line = ending.querySelector("i");
      line.hidden = this.kept === 0 || this.kept === length;
      line.style.top = `${(100 * this.kept) / length}%`;
    });
    if (row === length - 1) this.links();
  }

  // To each model's page, with what it can be told of the drawing.
  links() {
    const { labels, clusters, alike, reading, data } = this, { means, digits } = this.models;
    const digit = alike?.[0], numbers = (values) => Array.from(values, (v) => Number(Math.max(-5, Math.min(5, v)).toFixed(2))).join(",");
    const own = (i) => digits.labels[i] === labels.label;
    const like = labels && reading && means && digits ? nearest(means, reading.posterior.loc, 1, own)[0] : digit;
    const params = {
      vae: reading && { digit, z: numbers(reading.posterior.loc) },
      cvae: labels && { digit: like, style: numbers(labels.style) },
      gmvae: clusters && { digit: like, cluster: data.titles[data.clusters.indexOf(clusters.cluster)], place: numbers(clusters.place) },
      vrnn: like !== undefined && { digit: like, keep: this.kept },
    };
    for (const name of NAMES) this.one(`.${name} header a`).href = pageUrl(name, params[name] || {});
  }

  say() {
    this.unspoken = false;
    this.write(); // what is said is to be seen too
    this.links();
    const { labels, alike } = this;
    let said = "The canvas is blank.";
    if (!this.blank) {
      const what = this.digit === null ? "The drawing" : `Test digit ${this.digit}`;
      said = labels ? `${what} looks like a ${labels.label}, with probability ${percent(labels.probabilities[labels.label])}.` : `${what}.`;
      if (alike) said += ` Most alike is test ${this.name(alike[0])}.`;
    }
    this.one(".spoken").textContent = said;
    this.paper.canvas.setAttribute("aria-label", `The canvas. ${said}`);
  }
}

function pageUrl(name, params) {
  const url = new URL(name, location.origin + location.pathname.replace(/\/+$/, ""));
  for (const [key, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(key, value);
  return url.href.replaceAll("%2C", ",");
}

function nats(value) {
  const whole = Math.round(value);
  return `${whole < 0 ? "−" : ""}${Math.abs(whole).toLocaleString("en")}`;
}

function percent(share) {
  if (share > 0.999 && share < 1) return "99.9 %";
  return `${(100 * share).toFixed(share >= 0.1 ? 0 : 1)} %`.replace(/^0\.0 /, "0 ");
}
