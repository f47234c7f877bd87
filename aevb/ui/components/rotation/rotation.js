// W is identified up to rotation only: the columns of W R turn, and what they generate stays the same.

export default (component) => mount(component, Rotation, ".rotation");

class Rotation {
  constructor(root) {
    this.root = root;
    this.slider = root.querySelector(".angle");
    this.panels = [...root.querySelectorAll("canvas")].map((canvas) => {
      const panel = new Panel(canvas);
      panel.dims = canvas.dataset.axes.split(" ").map(Number);
      return panel;
    });
    this.slider.oninput = () => this.draw();
    this.slider.onchange = () => {
      clearTimeout(this.telling);
      this.telling = setTimeout(() => this.tell("angle", Number(this.slider.value)), 250);
    };
  }

  receive(data) {
    if (data.run !== this.data?.run) this.slider.value = data.angle;
    this.data = data;
    this.layout();
  }

  layout() {
    this.theme = themeOf(this.root);
    const { colors } = this.data;
    const size = (this.size = this.root.clientWidth < 520 ? 13 : 16);
    for (const panel of this.panels) {
      if (!panel.fit()) return;
      const { points, reach, covariance } = this.data, [a, b] = panel.dims;
      const box = { left: size * 1.9, top: 4, width: panel.width - size * 1.9 - 4 };
      box.height = panel.height - box.top - size * 1.5;
      const axes = (panel.axes = new Axes(box, [-reach[a], reach[a]], [-reach[b], reach[b]]));
      panel.keep((context) => {
        axes.draw(context, this.theme, size - 2, { xCount: 4, yCount: 4 });
        axes.clip(context, () => {
          context.globalAlpha = 0.6;
          context.fillStyle = colors.points;
          dots(context, points.length / 3, (i) => axes.x(points[3 * i + a]), (i) => axes.y(points[3 * i + b]), 1.8);
          context.globalAlpha = 1;
          Object.assign(context, { strokeStyle: colors.evidence, lineWidth: 3.5 });
          const block = [covariance[3 * a + a], covariance[3 * a + b], covariance[3 * b + b]];
          ellipse(context, axes, [0, 0], block, 2);
          context.stroke();
        });
      });
    }
    const sample = (paint) => `<svg viewBox="0 0 30 14" aria-hidden="true">${paint}</svg>`;
    const rows = [
      [sample(`<circle cx="15" cy="7" r="5" fill="${colors.points}"/>`), "test points"],
      [sample(`<circle cx="15" cy="7" r="5" fill="${colors.generated}"/>`), "generated: x = W R z + σ ε, same z and ε"],
      [sample(`<path d="M0 7H30" stroke="${colors.evidence}" stroke-width="4"/>`), "the model’s 2 σ contour: W Wᵀ + Φ"],
      [sample(`<path d="M0 7H30" stroke="${this.theme.text}" stroke-width="2" stroke-dasharray="3 3"/>`), "columns of W"],
      [sample(`<path d="M0 7H30" stroke="${this.theme.text}" stroke-width="4"/>`), "columns of W R"],
    ];
    this.root.querySelector("ul").innerHTML = rows.map(([a, b]) => `<li>${a}<span>${b}</span></li>`).join("");
    this.draw();
  }

  // W R, where R turns the first two factors; with one factor only its sign is free.
  rotated(angle) {
    const { W, latentDim: L } = this.data, result = Float32Array.from(W);
    if (L === 1) return Math.cos(angle) < 0 ? result.map((w) => -w) : result;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    for (let d = 0; d < 3; d++) {
      result[d * L] = cos * W[d * L] + sin * W[d * L + 1];
      result[d * L + 1] = -sin * W[d * L] + cos * W[d * L + 1];
    }
    return result;
  }

  draw() {
    if (!this.theme) return;
    const { data, theme } = this, L = data.latentDim, e = data.noise, width = L + 3;
    const WR = this.rotated((Number(this.slider.value) * Math.PI) / 180);
    const coordinate = (i, d) => {
      let value = data.sigma[d] * e[i * width + L + d];
      for (let k = 0; k < L; k++) value += WR[d * L + k] * e[i * width + k];
      return value;
    };
    for (const panel of this.panels) {
      const [a, b] = panel.dims, axes = panel.axes;
      if (!axes) return;
      const scale = Math.min(1, panel.width / 240);
      panel.show((context) => {
        axes.clip(context, () => {
          context.globalAlpha = 0.7;
          context.fillStyle = data.colors.generated;
          dots(context, e.length / width, (i) => axes.x(coordinate(i, a)), (i) => axes.y(coordinate(i, b)), 1.8 * scale);
          context.globalAlpha = 1;
          const at = (M, k) => [axes.x(0), axes.y(0), axes.x(M[a * L + k]), axes.y(M[b * L + k])];
          for (let k = 0; k < L; k++) {
            context.setLineDash([5, 4]);
            arrow(context, at(data.W, k), 3 * scale, theme.text, theme.background);
            context.setLineDash([]);
            arrow(context, at(WR, k), 5 * scale, theme.text, theme.background);
          }
        });
        nameAxes(context, axes, theme, this.size + 1, `x${"₁₂₃"[a]}`, `x${"₁₂₃"[b]}`);
      });
    }
    const square = (M) => {
      const product = [];
      for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) {
        let sum = 0;
        for (let k = 0; k < L; k++) sum += M[i * L + k] * M[j * L + k];
        product.push(sum);
      }
      return product;
    };
    const cell = (value) => (Math.abs(value) < 5e-4 ? "0.000" : value.toFixed(3).replace("-", "−"));
    const table = (title, M, columns) => {
      const rows = [0, 1, 2].map((i) => Array.from(M.slice(i * columns, (i + 1) * columns), cell));
      const body = rows.map((row) => `<tr>${row.map((v) => `<td>${v}</td>`).join("")}</tr>`).join("");
      return `<div><h4>${title}</h4><table>${body}</table></div>`;
    };
    const evidence = this.evidence(square(WR));
    this.root.querySelector(".matrices").innerHTML = [
      table("W", data.W, L),
      table("W R: another W", WR, L),
      table("(W R)(W R)ᵀ = W Wᵀ: the same", square(WR), 3),
      `<div><h4>evidence, recomputed from W R</h4><span class="same">${evidence.toFixed(4).replace("-", "−")}</span> nats</div>`,
    ].join("");
    const degrees = `${this.slider.value.replace("-", "−")}°`;
    this.root.querySelector(".degrees").textContent = degrees;
    this.slider.setAttribute("aria-valuetext", `${degrees}, evidence ${evidence.toFixed(4)} nats`);
  }

  // The mean of log N(x; 0, M + Φ) over the test points, from their second moment.
  evidence(M) {
    const { sigma, moment } = this.data;
    const [a, b, c, , e, f, , , i] = M.map((m, k) => m + (k % 4 === 0 ? sigma[k / 4] ** 2 : 0));
    const cofactors = [e * i - f * f, c * f - b * i, b * f - c * e, a * i - c * c, b * c - a * f, a * e - b * b];
    const det = a * cofactors[0] + b * cofactors[1] + c * cofactors[2];
    const [A, B, C, E, F, I] = cofactors.map((value) => value / det);
    const trace = A * moment[0] + E * moment[4] + I * moment[8] + 2 * (B * moment[1] + C * moment[2] + F * moment[5]);
    return -0.5 * (3 * Math.log(2 * Math.PI) + Math.log(det) + trace);
  }
}
