import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressGroup, isLoopback } from '../../src/auth/address.ts';

describe('isLoopback', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'LOCALHOST', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])
    it(`${host} is`, () => assert.equal(isLoopback(host), true));
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    'fe80::1',
    '::2',
    '::ffff:10.0.0.1',
    'example.org',
    '',
    '127.1',
    'localhost.evil.example',
  ])
    it(`${host || 'nothing'} is not`, () => assert.equal(isLoopback(host), false));
});

describe('addressGroup', () => {
  const table: [address: string, group: string][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ];
  for (const [address, group] of table)
    it(`${address || 'nothing'} → ${group || 'nothing'}`, () => assert.equal(addressGroup(address), group));
});
