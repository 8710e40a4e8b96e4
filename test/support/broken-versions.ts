/** What may be wrong with a version of the agent, as code that runs before its own. */

/** Of the commands of the agent, only this one is broken. */
function inCommand(command: string, code: string): string {
  return `if (process.argv[2] === '${command}') {\n${code}\n}`;
}

const HANG = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';

/** Before it is tried. */
export const CRASHES_AT_LOAD = `throw new Error('this version is broken');`;
export const FAILS_ITS_SELF_TEST = inCommand(
  'self-test',
  `console.error('this version finds itself broken');\nprocess.exit(3);`,
);

/** In its trial: each passes its self-test. */
export const CRASHES_AS_LINK = inCommand('run', 'process.exit(9);');
export const HANGS_AS_LINK = inCommand('run', `process.on('SIGUSR2', () => undefined);\n${HANG}`);
/** All of it works, but for the network. */
export const NEVER_CONNECTS = `import net from 'node:net';\n${inCommand(
  'run',
  `
  const isPath = ([first]) => typeof (Array.isArray(first) ? first[0] : first)?.path === 'string' || typeof first === 'string';
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    if (isPath(args)) return connect.apply(this, args);
    process.nextTick(() => this.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })));
    return this;
  };
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (first, ...more) {
    return listen.call(this, typeof first === 'object' && 'port' in first ? { ...first, port: 0 } : typeof first === 'number' ? 0 : first, ...more);
  };`,
)}`;
