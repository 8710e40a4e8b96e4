// Secrets as real programs write them, read as the script host reads them.
import { spawnSync } from 'node:child_process';

import { describe, expect, test } from '@jest/globals';

import { createMasker } from '../../packages/agent/src/host/masker.ts';

const SECRETS = {
  plain: 'hunter2hunter2',
  quotes: `it's "quoted" $HOME \`x\` \\ back`,
  several: `alpha-line one's\nbravo=two "2"\n\ncharlie & <three>\ttab`,
  unicode: 'pässwörd-\u{1f600}-ünd mehr',
  url: 'a b/c?d=e&f+g:h@i#j%k[l]{m}|n~o',
  ended: 'ends-with-newline\n',
  punctuation: `p!@#$%^&*()_+-=[]{};:,.<>/?~`,
};

/** Programs that print $S, each its own way. */
const PROGRAMS: Record<string, string[]> = {
  echo: ['bash', '-c', 'echo "$S"'],
  'bash set -x': ['bash', '-xc', ': "$S"; x=$S; [[ $x == "$S" ]]; echo "$x" >/dev/null'],
  'dash set -x': ['dash', '-xc', ': "$S"; x=$S; echo "$x" >/dev/null'],
  'printf %q': ['bash', '-c', `printf '%q\\n' "$S"`],
  '@Q': ['bash', '-c', 'echo "${S@Q} ${S@E}"'],
  'declare -p': ['bash', '-c', 'x=$S; declare -p x; set | grep -a -A5 "^x="; export -p | grep -a " S="'],
  'dash set': ['dash', '-c', 'x=$S; set | grep -a -A5 "^x="; export -p | grep -a -A5 " S="'],
  env: ['env'],
  base64: ['bash', '-c', 'printf %s "$S" | base64'],
  'base64 of echo': ['bash', '-c', 'echo "$S" | base64 -w0'],
  'basic authentication': [
    'bash',
    '-c',
    'printf "user:%s" "$S" | base64 -w0; printf "u:%s@" "$S" | base64 -w0; printf "us:%s@h" "$S" | base64 -w0',
  ],
  'python repr': [
    'python3',
    '-c',
    'import os; s = os.environ["S"]; print(repr(s), ascii(s), [s], s.encode())',
  ],
  'python json': [
    'python3',
    '-c',
    'import os, json; s = os.environ["S"]; print(json.dumps([s]), json.dumps(s, ensure_ascii=False), json.dumps(json.dumps({"s": s})))',
  ],
  'python url': [
    'python3',
    '-c',
    'import os; from urllib.parse import quote, quote_plus, urlencode; s = os.environ["S"]; print(quote(s), quote(s, safe=""), quote_plus(s), urlencode({"s": s}))',
  ],
  'python html': [
    'python3',
    '-c',
    'import os, html; print(html.escape(os.environ["S"]), html.escape(os.environ["S"], quote=False))',
  ],
  'python base64': [
    'python3',
    '-c',
    'import os, base64; s = os.environ["S"].encode(); print(base64.b64encode(s), base64.urlsafe_b64encode(b"x" + s), base64.b64encode(b"xx" + s), s.hex())',
  ],
  'node url': [
    'node',
    '-e',
    'const s = process.env.S; console.log(encodeURIComponent(s), encodeURI(s), new URLSearchParams({ s }).toString())',
  ],
  'node inspect': [
    'node',
    '-e',
    'const s = process.env.S; console.log(JSON.stringify({ s }), Buffer.from(s).toString("hex"), s)',
  ],
};

/** The parts of a secret that must not be read: what a person would call a piece of it. */
function pieces(secret: string): string[] {
  return secret.split(/[^A-Za-z0-9]+/).filter((word) => word.length >= 4);
}

describe.each(Object.entries(PROGRAMS))('%s', (_, [program = '', ...args]) => {
  test.each(Object.entries(SECRETS))('a secret of the kind "%s" is not shown', (_kind, secret) => {
    const env = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', S: secret };
    const { stdout, stderr, error } = spawnSync(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    expect(error).toBeUndefined();
    const written = Buffer.concat([stdout, stderr]);
    const stream = createMasker([secret]).stream();
    const shown: Buffer[] = [];
    for (let at = 0; at < written.length; at += 7)
      stream.push(written.subarray(at, at + 7), (bytes) => shown.push(Buffer.from(bytes)));
    stream.end((bytes) => shown.push(Buffer.from(bytes)));
    const text = Buffer.concat(shown).toString();
    expect(text).toContain('********');
    for (const piece of pieces(secret)) expect(text).not.toContain(piece);
    // What was encoded is not shown either, when what is left is decoded again.
    for (const run of text.match(/[A-Za-z0-9+/_-]{8,}/g) ?? []) {
      const decoded =
        Buffer.from(run, 'base64').toString('latin1') + Buffer.from(run, 'hex').toString('latin1');
      for (const piece of pieces(secret)) expect(decoded).not.toContain(piece);
    }
  });
});
