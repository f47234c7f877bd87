// The real digits: all test images, 8 MB (1.6 MB on the way), and their labels; and a model's latents of them.
// Each is fetched when something first asks for it.

const SIDE = 28;

class Digits {
  constructor(buffer) {
    this.count = buffer.byteLength / (SIDE ** 2 + 1);
    this.pixels = new Uint8Array(buffer, 0, this.count * SIDE ** 2);
    this.labels = new Uint8Array(buffer, this.pixels.length);
  }

  // Test image i as 784 bytes; not to be changed.
  bytes(i) {
    return this.pixels.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2);
  }

  // Test image i, or the mean of several, as 784 numbers in [0, 1].
  image(...chosen) {
    const mean = new Float32Array(SIDE ** 2);
    for (const i of chosen) {
      const bytes = this.bytes(i);
      for (let pixel = 0; pixel < mean.length; pixel++) mean[pixel] += bytes[pixel];
    }
    return mean.map((sum) => sum / (255 * chosen.length));
  }
}

// The Digits at a URL. Rejects as `loadOnce` does.
export function loadDigits(url) {
  return loadOnce(url, "The digits", (buffer) => new Digits(buffer));
}

// The latents that maps.py packs at a URL, one test image after the other, likewise.
export function loadLatents(url) {
  return loadOnce(url, "The latent values", (buffer) => halves(buffer));
}
