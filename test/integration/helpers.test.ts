// The functions for scripts, called in the real interpreters, and what they
// print, read as the script host reads it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Interpreter, type Variable } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { findInterpreter, prepareScript } from '../../packages/agent/src/host/bootstrap.ts';
import { layHelpers } from '../../packages/agent/src/host/helper-files.ts';
import { createServiceMessages, type EventKind } from '../../packages/agent/src/host/service-messages.ts';

const PATH = process.env['PATH'] ?? '';

const CONTROLS = Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join('');
const UGLY = `${CONTROLS}\x7f '"\`$(x)\${y}\\ \\n !#%&*;<=>?[]^{|}~ äöü \u{1f600}\u0301 \u0081\u00ff end\n\n`;
const VARIABLES: Variable[] = [
  { name: 'Simple', value: 'plain', sensitive: false },
  { name: 'Octopus.Action[Run a "script"].Name', value: "it's", sensitive: false },
  { name: 'Ugly', value: UGLY, sensitive: true },
  { name: 'Empty', value: '', sensitive: false },
  { name: `name'with"$all\n`, value: 'odd', sensitive: false },
];

interface Ran {
  code: number | null;
  /** Text of both streams without messages. */
  stdout: string;
  stderr: string;
  events: EventKind[];
  masks: string[];
}

let folder = '';
let helpers = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-helpers-'));
  helpers = layHelpers({ dataDir: folder, version: 'test' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;

function run(interpreter: Interpreter, body: string, { args = [] as string[], environment = {} } = {}): Ran {
  const work = join(folder, `w${(count += 1)}`);
  mkdirSync(work);
  const scriptFile = join(work, 'the script');
  writeFileSync(scriptFile, body);
  const prepared = prepareScript({
    attemptId: 'a1',
    interpreter,
    interpreterPath: findInterpreter(interpreter, PATH),
    scriptFile,
    arguments: args,
    environment,
    variables: VARIABLES,
    baseEnvironment: { PATH, HOME: work, LANG: 'C.UTF-8' },
    helpers,
    secretsFolder: work,
  });
  for (const file of prepared.files) writeFileSync(file.path, file.bytes, { mode: file.mode });
  const [program = '', ...rest] = prepared.argv;
  const { status, stdout, stderr } = spawnSync(program, rest, { cwd: work, env: prepared.env });
  const ran: Ran = { code: status, stdout: '', stderr: '', events: [], masks: [] };
  for (const [name, bytes] of [
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const) {
    const messages = createServiceMessages(name);
    const parts: Buffer[] = [];
    const sink = {
      text: (text: Buffer) => void parts.push(text),
      event: (event: EventKind) => void ran.events.push(event),
      mask: (value: string) => void ran.masks.push(value),
    };
    messages.push(bytes, sink);
    messages.end(sink);
    ran[name] = Buffer.concat(parts).toString();
  }
  return ran;
}

const set = (name: string, value: string, sensitive = false): EventKind => ({
  $case: 'setVariable',
  value: { name, value, sensitive },
});

/** What each language says for the same. */
const LANGUAGES: {
  name: string;
  interpreter: Interpreter;
  copyUgly: string;
  everything: string;
  fail: string;
  missing: string;
}[] = [
  {
    name: 'bash',
    interpreter: Interpreter.BASH,
    copyUgly: `set -euo pipefail; IFS=,; get_variable -v ugly Ugly; set_variable Copy "$ugly"; set_variable Secret "$ugly" -sensitive`,
    everything: `set -euo pipefail
printf '%s|%s|%s|%s\\n' "$(get_octopusvariable Simple)" "$(get_variable 'Octopus.Action[Run a "script"].Name')" "$(get_octopusvariable Empty)" "$(get_octopusvariable $'name\\'with"$all\\n')"
set_octopusvariable 'A name' "$(printf 'x%.0s' {1..500})"
set_variable one a; set_variable two ab; set_variable three abc; set_variable none ''
echo hello > file.txt
new_octopusartifact file.txt
new_artifact "$PWD/file.txt" 'other name'
update_progress 40 'almost "there"'
write_verbose a  b; write_highlight c; write_wait d; write_warning e
mask_value hush`,
    fail: `fail_step 'it broke: ü'; echo never`,
    missing: `get_octopusvariable NotThere; get_variable NotThere || echo "status $?"; new_artifact nothing || echo "status $?"`,
  },
  {
    name: 'sh',
    interpreter: Interpreter.SH,
    // $(…) drops line ends, so they are guarded.
    copyUgly: `set -eu; IFS=,; ugly=$(get_variable Ugly; echo x); ugly=\${ugly%x}; set_variable Copy "$ugly"; set_variable Secret "$ugly" -sensitive`,
    everything: `set -eu
printf '%s|%s|%s|%s\\n' "$(get_octopusvariable Simple)" "$(get_variable 'Octopus.Action[Run a "script"].Name')" "$(get_octopusvariable Empty)" "$(get_octopusvariable 'name'"'"'with"$all
')"
set_octopusvariable 'A name' "$(printf '%0500d' 0 | tr 0 x)"
set_variable one a; set_variable two ab; set_variable three abc; set_variable none ''
echo hello > file.txt
new_octopusartifact file.txt
new_artifact "$PWD/file.txt" 'other name'
update_progress 40 'almost "there"'
write_verbose a  b; write_highlight c; write_wait d; write_warning e
mask_value hush`,
    fail: `fail_step 'it broke: ü'; echo never`,
    missing: `get_octopusvariable NotThere; get_variable NotThere || echo "status $?"; new_artifact nothing || echo "status $?"`,
  },
  {
    name: 'python',
    interpreter: Interpreter.PYTHON,
    copyUgly: `ugly = get_octopusvariable("Ugly")\nset_octopusvariable("Copy", ugly)\nimport longshore\nlongshore.set_variable("Secret", ugly, sensitive=True)`,
    everything: `print(get_octopusvariable("Simple"), get_variable('Octopus.Action[Run a "script"].Name'), octopusvariables["Empty"], get_variable("name'with\\"$all\\n"), sep="|")
set_octopusvariable("A name", "x" * 500)
for name, value in (("one", "a"), ("two", "ab"), ("three", "abc"), ("none", "")): set_variable(name, value)
open("file.txt", "w").write("hello")
createartifact("file.txt")
new_artifact("file.txt", "other name")
updateprogress(40, 'almost "there"')
printverbose("a", "b"); printhighlight("c"); write_wait("d"); printwarning("e")
mask_value("hush")`,
    fail: `failstep('it broke: ü')\nprint("never")`,
    missing: `print(get_variable("NotThere", "status 1"))
try: get_octopusvariable("NotThere")
except KeyError: print("status 1")`,
  },
  {
    name: 'node',
    interpreter: Interpreter.NODE,
    copyUgly: `const l = require('longshore'); l.setVariable('Copy', l.getVariable('Ugly')); l.setVariable('Secret', l.getVariable('Ugly'), { sensitive: true });`,
    everything: `const l = require('longshore');
console.log([l.getVariable('Simple'), l.getVariable('Octopus.Action[Run a "script"].Name'), l.getVariable('Empty'), l.getVariable('name\\'with"$all\\n')].join('|'));
l.setVariable('A name', 'x'.repeat(500));
for (const [name, value] of [['one', 'a'], ['two', 'ab'], ['three', 'abc'], ['none', '']]) l.setVariable(name, value);
require('fs').writeFileSync('file.txt', 'hello');
l.newArtifact('file.txt');
l.newArtifact('file.txt', 'other name');
l.updateProgress(40, 'almost "there"');
l.writeVerbose('a', 'b'); l.writeHighlight('c'); l.writeWait('d'); l.writeWarning('e');
l.maskValue('hush');`,
    fail: `require('longshore').failStep('it broke: ü'); console.log('never');`,
    missing: `const l = require('longshore'); console.log(l.getVariable('NotThere') ?? 'status 1'); try { l.newArtifact('nothing') } catch { console.log('status 1') }`,
  },
];

describe.each(LANGUAGES)('$name', ({ interpreter, copyUgly, everything, fail, missing }) => {
  test('a value of every character survives get and set', () => {
    const ran = run(interpreter, copyUgly);
    expect(ran).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(ran.events).toEqual([set('Copy', UGLY), set('Secret', UGLY, true)]);
    // Once on each stream: which of them is read first can't be known.
    expect(ran.masks).toEqual([UGLY, UGLY]);
  });

  test('every function does what it says', () => {
    const ran = run(interpreter, everything);
    const path = expect.stringMatching(/^\/.*\/file\.txt$/);
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/^plain\|it's\|\|odd\na +b\nc\nd\ne\n$/);
    expect(ran.events.filter((event) => event.$case !== 'levelChanged')).toEqual([
      set('A name', 'x'.repeat(500)),
      set('one', 'a'),
      set('two', 'ab'),
      set('three', 'abc'),
      set('none', ''),
      { $case: 'newArtifact', value: { index: 0, name: 'file.txt', path } },
      { $case: 'newArtifact', value: { index: 0, name: 'other name', path } },
      { $case: 'progress', value: { percentage: 40, message: 'almost "there"' } },
    ]);
    expect(ran.events.filter((event) => event.$case === 'levelChanged')).toHaveLength(8);
    expect(ran.masks).toEqual(['hush', 'hush']);
    expect(ran.code).toBe(0);
  });

  test('fail step says why and ends the script with 1', () => {
    expect(run(interpreter, fail)).toMatchObject({
      code: 1,
      stdout: '',
      events: [{ $case: 'resultMessage', value: { text: 'it broke: ü' } }],
    });
  });

  test('what is not there is said', () => {
    const ran = run(interpreter, missing);
    expect(ran.stdout).toBe('status 1\nstatus 1\n');
    expect(ran.code).toBe(0);
  });
});

describe('the script is as if it were started alone', () => {
  test('bash: name, arguments, line numbers and exit code; a child bash has nothing of us', () => {
    const ran = run(
      Interpreter.BASH,
      'echo "${0##*/}|$1|$#|$LINENO|${BASH_ENV-none}"\nbash -c "type get_variable" 2>/dev/null || echo child\nnonsense\nexit 7',
      { args: ['a b', ''] },
    );
    expect(ran.stdout).toBe('the script|a b|2|1|none\nchild\n');
    expect(ran.stderr).toContain('the script: line 3: nonsense');
    expect(ran.code).toBe(7);
  });

  test("bash: the task's own BASH_ENV is read", () => {
    const own = join(folder, 'own.sh');
    writeFileSync(own, 'mine=yes');
    const ran = run(Interpreter.BASH, 'echo "$mine ${LONGSHORE_BASH_ENV-gone}"; echo "${BASH_ENV##*/}"', {
      environment: { BASH_ENV: own },
    });
    expect(ran.stdout).toBe('yes gone\nown.sh\n');
  });

  test('sh: name, arguments and exit code', () => {
    const ran = run(Interpreter.SH, 'echo "${0##*/}|$1|$#"\nexit 7', { args: ['a b', ''] });
    expect(ran.stdout).toBe('the script|a b|2\n');
    expect(ran.code).toBe(7);
  });

  test("python: name, arguments, traceback, the task's own PYTHONPATH; a child has nothing of us", () => {
    const own = join(folder, 'own-python');
    mkdirSync(own);
    writeFileSync(join(own, 'mine.py'), 'value = "mine"');
    const body = `import sys, os, mine, subprocess
print(os.path.basename(sys.argv[0]), sys.argv[1:], __name__, mine.value, os.environ["PYTHONPATH"].endswith("own-python"), flush=True)
subprocess.run([sys.executable, "-c", "print('get_variable' in dir(__builtins__))"])
raise ValueError("x")`;
    const ran = run(Interpreter.PYTHON, body, { args: ['a b'], environment: { PYTHONPATH: own } });
    expect(ran.stdout).toBe(`the script ['a b'] __main__ mine True\nFalse\n`);
    expect(ran.stderr).toContain('the script", line 4');
    expect(ran.code).toBe(1);
  });

  test('no value stands in the arguments or the environment', () => {
    for (const { interpreter } of LANGUAGES) {
      const { argv, env, files } = prepareScript({
        attemptId: 'a1',
        interpreter,
        interpreterPath: '/bin/x',
        scriptFile: '/s',
        arguments: [],
        environment: {},
        variables: [{ name: 'n', value: 'SECRET', sensitive: true }],
        baseEnvironment: {},
        helpers,
        secretsFolder: '/run/x',
      });
      expect(JSON.stringify([argv, env])).not.toContain('SECRET');
      expect(files.map((file) => file.mode)).toEqual(files.map(() => 0o600));
    }
  });
});

const pwsh = spawnSync('pwsh', ['-v']).error === undefined;
if (!pwsh)
  process.stderr.write(
    'NOT TESTED: pwsh is not on this machine, so the PowerShell functions were not run.\n',
  );

(pwsh ? describe : describe.skip)('PowerShell (skipped, untested, where pwsh is not installed)', () => {
  test('functions and exit code', () => {
    const ran = run(
      Interpreter.POWERSHELL,
      `Set-OctopusVariable "Copy" $OctopusParameters["Ugly"]\nWrite-Highlight "x"\nFail-Step "why"`,
    );
    expect(ran.events).toContainEqual(set('Copy', UGLY));
    expect(ran.events).toContainEqual({ $case: 'resultMessage', value: { text: 'why' } });
    expect(ran.code).toBe(1);
  });
});
