/** All commands but `run`, as one piece to load: `run` must start fast, and a program in few pieces does. */
export { configure } from './configure.ts';
export { deregister } from './deregister.ts';
export { register, registerAgent } from './register.ts';
export { selfTest } from './self-test.ts';
export { service } from './service.ts';
export { show } from './show.ts';
export { upgrade } from './upgrade.ts';
