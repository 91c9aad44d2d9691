/** Sizes and times in words: the same as those of the command line and the cell. */

/** Return bytes in decimal units, three digits: `1.08 GB`, `812 MB`, `9.7 MB`. */
export function size(bytes: number): string {
  let value = bytes;
  for (const unit of ['bytes', 'kB', 'MB', 'GB']) {
    if (value < 999.5 || unit === 'GB') {
      const digits = unit === 'GB' && value < 9.995 ? 2 : value < 9.95 ? 1 : 0;
      return unit === 'bytes' ? `${bytes} bytes` : `${value.toFixed(digits)} ${unit}`;
    }
    value /= 1000;
  }
  return '';
}

/** Return bytes roughly: `41 GB`, `1.1 GB`, `490 MB`. */
export function about(bytes: number): string {
  if (bytes >= 9.95e9) {
    return `${(bytes / 1e9).toFixed(0)} GB`;
  }
  return bytes >= 9.95e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e7) * 10} MB`;
}

/** Return a duration: `14 s`, `2 min 41 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 1) {
    return 'less than 1 s';
  }
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  return minutes ? (rest ? `${minutes} min ${rest} s` : `${minutes} min`) : `${rest} s`;
}

/** Return a running time: `1:04`. */
export function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

/** Return bytes as memory is counted: `1.2`, in GiB; from ten on without a fraction. */
export function gibibytes(bytes: number): string {
  const value = bytes / 2 ** 30;
  return value.toFixed(value < 10 ? 1 : 0);
}

/** Return an amount of memory: `96 MiB`, `1.2 GiB`. */
export function memory(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${gibibytes(bytes)} GiB`;
}
