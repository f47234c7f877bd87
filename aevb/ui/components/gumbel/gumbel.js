// Samples softmax((log π + g) / τ) of three categories on the simplex. The noise g stays the same, so that
// each sample moves smoothly as the temperature falls; which corner it moves to does not depend on it.

const PLAY_SECONDS = 6;
const CORNERS = [[0, 0], [1, 0], [0.5, 1]]; // across and up, in units of the triangle's sides

export default (component) => mount(component, Gumbel, ".gumbel");

class Gumbel extends Reporter {
  constructor(root) {
    super();
    this.root = root;
    this.panel = new Panel(root.querySelector(".simplex"));
    this.range = root.querySelector(".range");
    this.player = new Player(root.querySelector(".play"), {
      seconds: PLAY_SECONDS,
      frame: () => Number(this.range.value),
      last: () => Number(this.range.max),
      go: (frame) => {
        this.range.value = frame;
        this.draw();
      },
      stopped: () => this.report(),
    });
    this.player.label();
    this.range.oninput = () => {
      this.player.stop();
      this.draw();
    };
    this.range.onchange = () => this.report();
    root.querySelector(".categories").innerHTML = CORNERS.map((_, k) =>
      `<div class="category"><span class="name"></span><input class="range share" type="range" step="1" ` +
      `aria-label="probability of category ${k + 1}" /><span class="nearest"></span></div>`).join("");
    this.shares = [...root.querySelectorAll(".share")];
    this.shares.forEach((share, k) => {
      share.oninput = () => this.divide(k);
      share.onchange = () => this.report();
    });
  }

  close() {
    this.player.stop();
    super.close();
  }

  receive(data) {
    const another = data.run !== this.data?.run;
    this.data = data;
    if (another) {
      this.player.stop();
      const [least, most] = data.temperatures;
      this.range.value = (Number(this.range.max) * Math.log(most / data.temperature)) / Math.log(most / least);
      this.given = this.range.value;
      for (const share of this.shares) Object.assign(share, { min: data.least, max: 100 - 2 * data.least });
      this.spread(data.percent);
      this.opened();
      const ends = this.root.querySelectorAll(".ends span");
      [most, least].forEach((value, end) => (ends[end].textContent = `τ = ${value}`));
    }
    this.layout();
  }

  // To the right it gets colder, in equal ratios.
  get temperature() {
    const [least, most] = this.data.temperatures;
    return most * (least / most) ** (Number(this.range.value) / Number(this.range.max));
  }

  spread(percent) {
    this.percent = percent;
    percent.forEach((value, k) => (this.shares[k].value = value));
  }

  // Category k takes what its slider says; the other two share the rest as they did before.
  divide(k) {
    const { least } = this.data, value = Number(this.shares[k].value);
    const [a, b] = [0, 1, 2].filter((other) => other !== k);
    const rest = 100 - value, part = this.percent[a] / (this.percent[a] + this.percent[b]);
    const percent = [];
    percent[k] = value;
    percent[a] = Math.min(rest - least, Math.max(least, Math.round(rest * part)));
    percent[b] = rest - percent[a];
    this.spread(percent);
    this.draw();
  }

  // An untouched temperature is as it was given: that may lie between two of the slider's.
  state() {
    const { run, temperature } = this.data, untouched = this.range.value === this.given;
    return { run, temperature: untouched ? temperature : Number(this.temperature.toPrecision(3)), percent: this.percent };
  }

  layout() {
    if (!this.panel.fit()) return;
    this.theme = themeOf(this.root);
    const size = (this.size = this.root.clientWidth < 520 ? 14 : 17);
    const { width, height } = this.panel;
    const side = Math.min(width - 7 * size, (height - 5.5 * size) / 0.866);
    const left = (width - side) / 2, bottom = height - 2.9 * size;
    this.at = ([x, y]) => [left + side * x, bottom - 0.866 * side * y];
    this.panel.keep((context) => {
      context.beginPath();
      for (const corner of CORNERS) context.lineTo(...this.at(corner));
      context.closePath();
      Object.assign(context, { strokeStyle: this.theme.text, lineWidth: 2, lineJoin: "round", globalAlpha: 0.6 });
      context.stroke();
      context.globalAlpha = 1;
      context.font = `600 ${size}px ${this.theme.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      CORNERS.forEach((corner, k) => {
        const [x, y] = this.at(corner), away = k === 2 ? -1.2 : 1.3;
        context.fillStyle = this.theme.text;
        context.fillText(`(${[0, 1, 2].map((i) => Number(i === k)).join(", ")})`, x, y + away * size);
      });
    });
    this.draw();
  }

  draw() {
    if (!this.theme) return;
    const { gumbels, colors } = this.data, { percent, temperature } = this;
    const count = gumbels.length / 3, logits = percent.map((share) => Math.log(share / 100));
    const groups = [[], [], []]; // by the nearest corner
    for (let i = 0; i < count; i++) {
      const scores = logits.map((logit, k) => logit + gumbels[3 * i + k]);
      const most = Math.max(...scores);
      const powers = scores.map((score) => Math.exp((score - most) / temperature));
      const sum = powers[0] + powers[1] + powers[2];
      groups[scores.indexOf(most)].push(this.at([0, 1].map((axis) =>
        CORNERS.reduce((total, corner, k) => total + (powers[k] / sum) * corner[axis], 0))));
    }
    this.panel.show((context) => {
      const radius = this.panel.width < 400 ? 2.6 : 3.6;
      groups.forEach((points, k) => {
        context.globalAlpha = 0.75;
        context.fillStyle = colors[k];
        dots(context, points.length, (i) => points[i][0], (i) => points[i][1], radius);
      });
      context.globalAlpha = 1;
    });
    const tau = temperature.toPrecision(2);
    this.root.querySelector(".position").textContent = `temperature τ = ${tau}`;
    const nearest = groups.map((points) => `${((100 * points.length) / count).toFixed(0)} %`);
    this.root.querySelectorAll(".category").forEach((row, k) => {
      const name = `π${"₁₂₃"[k]} = ${(percent[k] / 100).toFixed(2)}`;
      row.querySelector(".name").innerHTML = `<i style="background: ${colors[k]}"></i>${name}`;
      row.querySelector(".nearest").textContent = `${nearest[k]} nearest`;
      this.shares[k].setAttribute("aria-valuetext", `${percent[k]} percent`);
    });
    this.range.setAttribute("aria-valuetext", `temperature ${tau}`);
    const spoken = `${count} samples on the simplex at temperature ${tau}; nearest to its corners: ${nearest.join(", ")}`;
    this.panel.canvas.setAttribute("aria-label", spoken);
  }
}
