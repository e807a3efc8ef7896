/** Network addresses as far as they decide who may come in. */
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach a server that listens there. A name other than `localhost` may be anything. */
export function isLoopback(host: string): boolean {
  const text = host.toLowerCase();
  if (text === 'localhost') return true;
  const family = isIP(text);
  // A BlockList sees ::ffff:127.0.0.1 as the IPv4 address it is.
  return family !== 0 && loopback.check(text, family === 4 ? 'ipv4' : 'ipv6');
}

/** Who counts as one for rate limits: an IPv4 address, or the /64 of an IPv6 one (a home or a host owns all of it). */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(':')) return address;
  const [bare = ''] = address.toLowerCase().split('%');
  const [head = '', tail] = bare.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
