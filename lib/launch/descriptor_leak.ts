/** The caller leaks descriptors that only stage2 can close: the plan must be made again for it. */
export class DescriptorLeak extends Error {}
