/** The monitor: asks the NVIDIA driver and /proc. A driver that hangs, hangs this process and no other. */
import koffi from 'koffi';
import { FacepoolError } from '../src/contract/errors.ts';
import type { ToMonitor } from '../src/contract/protocol.ts';
import { startChild } from './child.ts';
import { createSampler } from './monitor/sampler.ts';
import type { Sampler } from './monitor/sampler.ts';

let sampler: Sampler | null = null;

startChild<ToMonitor>({
  kind: 'monitor',
  runtime: `koffi ${koffi.version}`,
  onMessage(message, port) {
    if (message.type === 'configure') sampler ??= createSampler(message.config);
    if (message.type !== 'sample') return;
    port.begin(message.id);
    try {
      if (sampler === null) throw new FacepoolError('conflict', 'the monitor was not configured yet');
      port.result(message.id, sampler.sample(message.params));
    } catch (error) {
      port.fail(message.id, error);
    }
  },
  onStop: async () => sampler?.stop(),
});
