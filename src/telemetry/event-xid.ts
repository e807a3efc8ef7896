/** What NVIDIA's Xid numbers mean and what helps, for the common ones (NVIDIA, "XID Errors"). */

type Xid = {
  readonly meaning: string;
  readonly advice: string;
  /** The card can go on by itself: it is the program that has to look. */
  readonly program?: true;
};

const RESTART_GPU = 'reset the GPU or reboot the machine';
const CONTACT = 'if it comes again, have the card looked at by its vendor';

const XIDS: ReadonlyMap<number, Xid> = new Map<number, Xid>([
  [
    13,
    {
      meaning: 'a program made an illegal access on the GPU',
      advice: 'its process is replaced; if it comes again with other models too, run a memory test on the card',
      program: true,
    },
  ],
  [
    31,
    {
      meaning: 'a program used an address that is not mapped on the GPU',
      advice: 'its process is replaced; if it comes again with other models too, look at driver and hardware',
      program: true,
    },
  ],
  [
    43,
    {
      meaning: 'a program’s work on the GPU was stopped after an error of its own',
      advice: 'the card is well; its process is replaced',
      program: true,
    },
  ],
  [
    45,
    {
      meaning: 'a program’s work on the GPU was cleaned up because it ended or was ended',
      advice: 'nothing to do, unless another Xid came just before',
      program: true,
    },
  ],
  [
    48,
    {
      meaning: 'a memory error that ECC cannot correct (two bits)',
      advice: `stop what runs on it and ${RESTART_GPU}; ${CONTACT}`,
    },
  ],
  [
    61,
    {
      meaning: 'the GPU’s internal controller stopped at a breakpoint or warning',
      advice: `${RESTART_GPU}, update driver and firmware`,
    },
  ],
  [62, { meaning: 'the GPU’s internal controller halted', advice: `${RESTART_GPU}; ${CONTACT}` }],
  [
    63,
    {
      meaning: 'a broken row of memory was recorded to be replaced',
      advice: 'it is replaced by a spare one at the next reset of the GPU; plan one',
    },
  ],
  [
    64,
    { meaning: 'a broken row of memory could not be recorded to be replaced', advice: `${RESTART_GPU}; ${CONTACT}` },
  ],
  [
    74,
    {
      meaning: 'an error of an NVLink connection',
      advice: `${RESTART_GPU}; if it comes again, check the bridges and have the card looked at`,
    },
  ],
  [
    79,
    {
      meaning: 'the GPU fell off the bus: the machine cannot reach it any more',
      advice: 'reboot the machine; check power supply, cooling and how the card sits in its slot',
    },
  ],
  [
    92,
    { meaning: 'many memory errors that ECC corrected', advice: 'nothing is lost yet; have the card looked at soon' },
  ],
  [
    94,
    {
      meaning: 'a memory error that ECC cannot correct, contained to one program',
      advice: 'that process is replaced; reset the GPU when it can be spared',
    },
  ],
  [
    95,
    {
      meaning: 'a memory error that ECC cannot correct and that may have reached other programs',
      advice: `trust no result since then; ${RESTART_GPU}`,
    },
  ],
  [
    119,
    {
      meaning: 'the GPU’s system processor (GSP) did not answer the driver in time',
      advice: `${RESTART_GPU}; update the driver, or switch GSP firmware off where that is allowed`,
    },
  ],
  [
    120,
    { meaning: 'the GPU’s system processor (GSP) failed', advice: `${RESTART_GPU}; update the driver; ${CONTACT}` },
  ],
]);

/** 999: the driver told of an error without its number. */
const UNKNOWN = 999;

/** In words; `program`: the card itself needs nothing. */
export function describeXid(xid: number): {
  readonly meaning: string;
  readonly advice: string;
  readonly program: boolean;
} {
  const known = XIDS.get(xid);
  if (known !== undefined) return { program: false, ...known };
  const meaning = xid === UNKNOWN ? 'an error without a number' : 'an error that is not in our list';
  return {
    meaning,
    advice: 'look it up in NVIDIA’s documentation of Xid errors and in the kernel log',
    program: false,
  };
}
