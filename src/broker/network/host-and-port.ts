/** As people and clients write an address to connect to; that of IPv6 is in brackets: `[::1]:9092`. */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
