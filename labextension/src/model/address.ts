/** Where Lab itself is, as far as a link to a forwarded port depends on it. */
export interface ILabPlace {
  /** Of Lab's page: ``localhost``, ``[::1]``, ``hub.example``. */
  hostname: string;
  /** Of the server, absolute; ends with a slash. */
  baseUrl: string;
  /** Whether JupyterHub started the server. */
  hub: boolean;
  /** Whether the server's own address leads to ports. */
  proxied: boolean;
}

/** The addresses of a forwarded port; null for one that is not to be had. */
export interface IAddresses {
  /** The one to open. */
  link: string | null;
  /** At Lab's own address, where `link` is another: for whoever has only Lab's port tunnelled. */
  proxy: string | null;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Return where a browser reaches a port of the server's loopback.
 *
 * On the same machine that is loopback by its other name: cookies know hosts and no ports
 * (RFC 6265, section 8.5), and Lab's are not for a program in a box.
 */
export function addressesOf(local: number, place: ILabPlace): IAddresses {
  const proxy = place.proxied ? `${place.baseUrl}proxy/${local}/` : null;
  if (place.hub || !LOOPBACK.includes(place.hostname)) {
    return { link: proxy, proxy: null };
  }
  const host = place.hostname === '127.0.0.1' ? 'localhost' : '127.0.0.1';
  return { link: `http://${host}:${local}/`, proxy };
}
