import { describe, expect, test } from '@jest/globals';

import { AppError } from './errors.ts';
import { helpText, markdownPage, option, resolveOptions } from './options.ts';

const TABLE = {
  dataDir: option.text({ default: './data', description: 'Where it keeps its files.' }),
  taskCap: option.integer({ default: 50, min: 1, max: 1000, description: 'Tasks at once.' }),
  pool: option.list({ default: [], description: 'Pools to join.' }),
  label: option.map({ default: {}, description: 'Labels.' }),
  listen: option.address({ description: 'Where to listen.' }),
  grace: option.duration({ default: 10_000, description: 'How long to wait.' }),
  ephemeral: option.boolean({ default: false, description: 'Leaves when it stops.' }),
  builtinWorker: option.onOff({ default: true, description: 'Run a worker here.' }),
  logLevel: option.choice(['debug', 'info'], { default: 'info', description: 'How much to log.' }),
  database: option.text({ secret: true, description: 'Where the state is.' }),
  token: option.text({ secret: true, flagAllowed: true, short: 't', description: 'One-time token.' }),
  config: option.text({ description: 'Configuration file.' }),
};

const resolve = (argv: string[], env: Record<string, string> = {}, files: Record<string, string> = {}) =>
  resolveOptions(TABLE, {
    program: 'test',
    envPrefix: 'LONGSHORE_',
    argv,
    env,
    readText: async (path) => {
      const content = files[path];
      if (content === undefined) throw new Error('no such file');
      return content;
    },
  });

async function refusal(
  argv: string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<string> {
  const error = await resolve(argv, env, files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return (error as AppError).message;
}

describe('resolveOptions', () => {
  test('defaults, typed and frozen', async () => {
    const { values, sources } = await resolve([]);
    expect(values).toMatchObject({
      dataDir: './data',
      taskCap: 50,
      pool: [],
      ephemeral: false,
      listen: undefined,
    });
    expect(sources.dataDir).toBe('default');
    expect(Object.isFrozen(values)).toBe(true);
  });

  test('a flag goes before a variable, that before the file', async () => {
    const files = { 'c.yaml': 'dataDir: fromFile\ntaskCap: 7\nlogLevel: debug\n' };
    const env = { LONGSHORE_CONFIG: 'c.yaml', LONGSHORE_TASK_CAP: '8', LONGSHORE_LOG_LEVEL: 'info' };
    const { values, sources } = await resolve(['--log-level', 'debug'], env, files);
    expect(values).toMatchObject({ dataDir: 'fromFile', taskCap: 8, logLevel: 'debug' });
    expect(sources).toMatchObject({ dataDir: 'file', taskCap: 'environment', logLevel: 'flag' });
  });

  test('reads each kind from flags', async () => {
    const { values, positionals } = await resolve([
      'run',
      '--pool',
      'a',
      '--pool=b',
      '--label',
      'x=1',
      '--label',
      'y=2',
      '--listen',
      '[::1]:10933',
      '--grace',
      '1m30s',
      '--ephemeral',
      '--builtin-worker',
      'off',
      '-t',
      'lst_1',
    ]);
    expect(positionals).toEqual(['run']);
    expect(values).toMatchObject({
      pool: ['a', 'b'],
      label: { x: '1', y: '2' },
      listen: { host: '::1', port: 10_933 },
      grace: 90_000,
      ephemeral: true,
      builtinWorker: false,
      token: 'lst_1',
    });
  });

  test('reads lists and maps from a variable and from the file', async () => {
    const { values } = await resolve(
      ['--config', 'c'],
      { LONGSHORE_POOL: 'a, b' },
      { c: 'label: { a: 1, b: two }\nlisten: 0.0.0.0:1' },
    );
    expect(values).toMatchObject({
      pool: ['a', 'b'],
      label: { a: '1', b: 'two' },
      listen: { host: '0.0.0.0', port: 1 },
    });
  });

  test.each([
    [['--task-cap', 'many'], '--task-cap: "many" is not right; expected a whole number from 1 to 1000'],
    [['--task-cap', '0'], 'from 1 to 1000'],
    [['--taskcap', '1'], 'did you mean --task-cap?'],
    [['--log-level', 'loud'], 'one of debug, info'],
    [['--listen', 'nowhere'], 'host:port'],
    [['--data-dir'], '--data-dir needs a value'],
    [['--config', 'missing'], "missing, can't be read"],
  ])('refuses %j', async (argv, message) => {
    expect(await refusal(argv)).toContain(message);
  });

  test('refuses a long row of letters after one dash, soon', async () => {
    const began = process.cpuUsage();
    expect(await refusal([`-${'logLevel'.repeat(10_000)}`])).toMatch(/^there is no option -logLevel.*…/);
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(1000);
  });

  test('refuses an unknown key of the file with the nearest name', async () => {
    expect(await refusal(['--config', 'c'], {}, { c: 'data_dir: x' })).toContain('did you mean dataDir?');
  });

  test.each(['--toString=x', '--constructor=x', '--__proto__=1', '--hasOwnProperty', '--no-toString'])(
    'refuses %s, which every object has and no table',
    async (flag) => expect(await refusal([flag])).toContain('there is no option'),
  );

  test.each([
    ['constructor: 1', 'there is no option constructor in c'],
    ['__proto__: 1', 'there is no option __proto__ in c'],
    ['ephemeral: { toString: 1 }', 'ephemeral in c: {"toString":1} is not right; expected true or false'],
    ['listen: { toString: 1 }', 'listen in c: {"toString":1} is not right; expected host:port'],
    ['grace: 10', 'grace in c: "10" is not right; expected a duration'],
    ['listen: "[abc]:80"', 'expected host:port'],
    ['just text', 'the configuration file c must be a map of options'],
    ['dataDir: !x a', 'the configuration file c is not YAML: tag resolve failed at line 1, column 10'],
    [`dataDir: ${'x'.repeat(100_000)}`, 'is longer than 65536 characters'],
    ['{'.repeat(300), 'opening brackets'],
    [`${' '.repeat(500)}a: 1`, 'is indented too deeply at line 1'],
  ])('refuses a file with %.40j', async (content, message) => {
    expect(await refusal(['--config', 'c'], {}, { c: content })).toContain(message);
  });

  test.each([
    'database: [hunter2',
    'database: "hunter2\n x: 1',
    'database: hunter2\n token: 1',
    'a: *hunter2',
  ])('shows no word of a file that is not YAML: %j', async (content) => {
    const error = (await resolve(['--config', 'c'], {}, { c: content }).catch((e: unknown) => e)) as AppError;
    expect(error.message).toContain('is not YAML');
    expect(error.message + String(error.cause)).not.toContain('hunter2');
  });

  test('a secret comes by variable or file, never by flag, and is never shown', async () => {
    expect(await refusal(['--database', 'postgres://u:p@h/d'])).not.toContain('u:p');
    expect((await resolve([], { LONGSHORE_DATABASE: 's3cret' })).values.database).toBe('s3cret');
    expect((await resolve(['--database-file', 'f'], {}, { f: 's3cret\n' })).values.database).toBe('s3cret');
    expect((await resolve([], { LONGSHORE_TOKEN_FILE: 'f' }, { f: 'lst_2\n' })).values.token).toBe('lst_2');
  });

  test('a value that is not right is told by the name that it was given under', async () => {
    const database = option.text({ secret: true, description: '', check: () => 'another' });
    const told = (argv: string[], env: Record<string, string>): Promise<unknown> =>
      resolveOptions(
        { database, config: option.text({ description: '' }) },
        { program: 'test', envPrefix: 'L_', argv, env, readText: async () => 'database: hunter2' },
      ).catch((thrown: unknown) => (thrown as Error).message);
    const rest = ': the value (not shown) is not right; expected another';
    expect(await told(['--config', 'c'], {})).toBe(`database in c${rest}`);
    expect(await told([], { L_DATABASE: 'x' })).toBe(`L_DATABASE${rest}`);
    expect(await told([], { L_DATABASE_FILE: 'x' })).toBe(`L_DATABASE_FILE${rest}`);
    expect(await told(['--database-file=x'], {})).toBe(`--database-file${rest}`);
  });

  test('help checks nothing and lists every option', async () => {
    expect((await resolve(['--task-cap', '1', '-h'])).help).toBe(true);
    const head = {
      usage: 'test [options]',
      about: 'Tests.',
      envPrefix: 'LONGSHORE_',
      examples: ['test --task-cap 5'],
    };
    const help = helpText(TABLE, head);
    for (const each of [
      '--data-dir TEXT',
      '[LONGSHORE_TASK_CAP]',
      '(default: 50)',
      '--database-file FILE',
      '(default: on)',
      'test --task-cap 5',
    ])
      expect(help).toContain(each);
    expect(help.split('\n').every((line) => line.length <= 110)).toBe(true);
    expect(markdownPage(TABLE, { title: 'Options', head })).toContain(
      '| `--grace DURATION` | `LONGSHORE_GRACE` | `grace` | `10s` |',
    );
  });
});
