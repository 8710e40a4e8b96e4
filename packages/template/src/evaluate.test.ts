import { describe, expect, test } from '@jest/globals';

import {
  evaluate,
  evaluateVariable,
  isTruthy,
  parse,
  referencesIn,
  TemplateError,
  Variables,
} from './index.ts';

type Row = [text: string, variables: Record<string, string>, result: string];

function table(name: string, rows: readonly Row[]): void {
  test.each(rows)(`${name}: %s`, (text, variables, result) => {
    expect(evaluate(text, variables).text).toBe(result);
  });
}

const ACTIONS = {
  'Octopus.Action[Package A].Name': 'A',
  'Octopus.Action[Package A].TargetRoles': 'a,b',
  'Octopus.Action[Package B].Name': 'B',
  'Octopus.Action[Package B].TargetRoles': 'c',
  'Octopus.Action[].Name': 'Z',
  'Octopus.Action[].TargetRoles': 'y',
};

table('substitution', [
  ['#{Foo}', { Foo: 'Bar' }, 'Bar'],
  ['#{ Foo }', { foo: 'Bar' }, 'Bar'],
  ['#{FOO}#{foo}', { Foo: 'Bar' }, 'BarBar'],
  ['#{Foo}', {}, '#{Foo}'],
  ['#{  Foo.Bar |  ToUpper }', {}, '#{  Foo.Bar |  ToUpper }'],
  ['#{Foo Bar Jazz}', { 'Foo Bar Jazz': 'x' }, 'x'],
  [
    '#{a/b}#{a~b}#{(abc)}#{a-b}#{a_b}#{a:b}',
    { 'a/b': '1', 'a~b': '2', '(abc)': '3', 'a-b': '4', a_b: '5', 'a:b': '6' },
    '123456',
  ],
  ['#{Größe}#{名前}#{𐐀}', { größe: '1', 名前: '2', '𐐀': '3' }, '123'],
  ['#{}#{ }', { '': 'x', ' ': 'y' }, '#{}#{ }'],
  ['#{Time in Zone}', { 'Time in Zone': 'x' }, 'x'],
  ['#{iffy}#{each}#{calc}#{if}', { iffy: '1', each: '2', calc: '3', if: '4' }, '1234'],
  ['#{"text"}#{ "text" | ToUpper }#{ "" }', {}, 'textTEXT'],
  ['#{Empty}', { Empty: '' }, ''],
  ['#{__proto__}#{constructor}#{a.toString}', { a: '{}' }, '#{__proto__}#{constructor}'],
]);

table('escapes', [
  ['##{foo}', { foo: 'Abc' }, '#{foo}'],
  ['###{foo}', { foo: 'Abc' }, '#Abc'],
  ['####{foo}', { foo: 'Abc' }, '###{foo}'],
  ['#####{foo}', { foo: 'Abc' }, '###Abc'],
  ['# ## ### #a #', { foo: 'Abc' }, '# ## ### #a #'],
  ['##', {}, '##'],
  ['##{if a}##{/if}', { a: '' }, '#{if a}#{/if}'],
  ['#{a}', { a: '##{b}', b: 'x' }, '#{b}'],
]);

table('values of values', [
  ['#{Foo}', { Foo: '#{Bar}', Bar: '#{Baz}', Baz: 'x' }, 'x'],
  ['[#{Foo}]', { Foo: '<#{Missing}>' }, '[<>]'],
  ['#{Foo|ToUpper}', { Foo: '#{Bar | ToLower}', Bar: 'Baz' }, 'BAZ'],
  ['#{each a in List}#{V}#{/each}', { List: '1,2', V: '(#{a})' }, '()()'],
]);

table('paths', [
  ['#{Octopus.Action[Package A].Name}', ACTIONS, 'A'],
  ['#{octopus.action[package a].name}', ACTIONS, 'A'],
  ['#{Octopus.Action[ Package A ]}', ACTIONS, 'Package A'],
  ['#{Octopus.Action[].Name}', ACTIONS, 'Z'],
  ['#{Octopus.Action[*].Name}', ACTIONS, 'A'],
  ['#{Octopus.Action[Package C].Name}', ACTIONS, '#{Octopus.Action[Package C].Name}'],
  ['#{P[a[0].b].R}', { 'P[a[0].b].R': 'x' }, 'x'],
  ['#{P[#{User}]}', { 'P[me]': '1', User: 'ME' }, '1'],
  ['#{P[ #{User | ToLower} ].X}', { 'P[me].X': '1', User: 'ME' }, '1'],
  ['#{P[#{Q[#{User}]}]}', { 'P[x]': '1', 'Q[me]': 'x', User: 'me' }, '1'],
  ['#{P[#{User}]}', { 'P[me]': '1' }, '#{P[#{User}]}'],
  ['#{Fo[o}', { 'Fo[o': 'x' }, '#{Fo[o}'],
]);

table('conditions', [
  ['#{if T}y#{else}n#{/if}', { T: 'x' }, 'y'],
  ...['', '0', 'no', 'No', 'FALSE', ' false ', '\tno\n', ' 0 '].map((T): Row => [
    '#{if T}y#{else}n#{/if}',
    { T },
    'n',
  ]),
  ...['1', 'yes', 'True', '00', 'nope', '-'].map((T): Row => ['#{if T}y#{else}n#{/if}', { T }, 'y']),
  ['#{if T}y#{else}n#{/if}', {}, 'n'],
  ['#{ if  T  }y#{ else }n#{/if}', { T: 'x' }, 'y'],
  ['#{IF T}y#{/if}', { T: 'x' }, 'y'],
  ['#{if A}1#{elseif B}2#{elseif C}3#{else}4#{/if}', { C: 'x' }, '3'],
  ['#{if A}1#{elseif B == "x"}2#{else}4#{/if}', { B: 'x' }, '2'],
  ['#{if A}1#{elseif B}2#{/if}', {}, ''],
  ['#{unless T}y#{/unless}', {}, 'y'],
  ['#{unless T}y#{else}n#{/unless}', { T: '1' }, 'n'],
  ['#{unless T == "1"}y#{else}n#{/unless}', { T: '1' }, 'n'],
  ['#{if A == "x"}y#{/if}', { A: 'x' }, 'y'],
  ['#{if A == "X"}y#{/if}', { A: 'x' }, ''],
  ['#{if A!="x"}y#{/if}', {}, 'y'],
  ['#{if A == B}y#{/if}', { A: 'x', B: 'x' }, 'y'],
  ['#{if A != B}y#{/if}', { A: 'x', B: 'x' }, ''],
  ['#{if A == B}y#{/if}', {}, 'y'],
  ['#{if "x" == A}y#{/if}', { A: 'x' }, 'y'],
  ['#{if A | ToUpper == B | ToUpper}y#{/if}', { A: 'x', B: 'X' }, 'y'],
  ['#{if A | Contains "b c"}y#{else}n#{/if}', { A: 'ab cd' }, 'y'],
  ['#{if A | Match "^a"}y#{else}n#{/if}', { A: 'ba' }, 'n'],
  ['{"a":"#{if A == \\"x y\\"}y#{/if}"}', { A: 'x y' }, '{"a":"y"}'],
  ['#{if A}#{if B}1#{else}2#{/if}#{else}#{if B}3#{else}4#{/if}#{/if}', { B: '1' }, '3'],
  ['#{if A == "x"}#{A}#{else}#{B}#{/if}', { A: 'y' }, '#{B}'],
]);

table('loops', [
  ['Ok#{each nothing in missing}#{nothing}#{/each}', {}, 'Ok'],
  ['#{each a in Empty}x#{/each}', { Empty: '' }, ''],
  ['#{each a in Octopus.Action}#{a}-#{a.Name};#{/each}', ACTIONS, 'Package A-A;Package B-B;-Z;'],
  ['#{  each  a  in  Octopus.Action  }#{ a.Name }#{/each}', ACTIONS, 'ABZ'],
  ['#{each a in Octopus.Action}#{each r in a.TargetRoles}#{a.Name}#{r}#{/each}#{/each}', ACTIONS, 'AaAbBcZy'],
  ['#{each x in S}[#{x.Key}=#{x}]#{/each}', { 'S[a]': '5', 'S[b]': '7' }, '[a=5][b=7]'],
  ['#{each x in S}#{x.Key}#{/each}', { 'S[a]': 'v', 'S[a].Key': 'own' }, 'own'],
  ['#{each x in L}#{x},#{/each}', { L: 'a, b,,c' }, 'a, b,,c,'],
  ['#{each x in L}#{x}#{/each}', { L: '#{M},c', M: 'a,b' }, 'abc'],
  ['#{each n in J}#{n}#{unless Octopus.Template.Each.Last}-#{/unless}#{/each}', { J: '[2,3,5]' }, '2-3-5'],
  [
    '#{each x in L}#{Octopus.Template.Each.Index}#{Octopus.Template.Each.First}#{Octopus.Template.Each.Last} #{/each}',
    { L: 'a,b' },
    '0TrueFalse 1FalseTrue ',
  ],
  [
    '#{each x in L}#{each y in M}#{Octopus.Template.Each.Index}#{/each}#{Octopus.Template.Each.Index};#{/each}',
    { L: 'a,b', M: 'c,d' },
    '010;011;',
  ],
  [
    '#{each s in J}#{s}:#{s.Value},#{s.Key} #{/each}',
    { J: '{"Small": "11.5", "Large": 15.21}' },
    'Small:11.5,Small Large:15.21,Large ',
  ],
  ['#{each s in J}#{s.Key}-#{s.Value.Error}#{/each}', { J: '{"X": {"Error": "none"}}' }, 'X-none'],
  ['#{each x in J.list}#{x.n}#{/each}', { J: '{"list": [{"n": 1}, {"n": 2}]}' }, '12'],
  ['#{each x in J.none}#{x}#{/each}', { J: '{"none": null}' }, ''],
  ['#{each x in L | Replace ";" ","}<#{x}>#{/each}', { L: 'a;b' }, '<a><b>'],
  ['#{each x in L}#{x}#{x.y}#{/each}#{x}', { L: 'a', x: 'outer', 'x.y': '!' }, 'a!outer'],
  ['#{each X in L}#{x}#{/each}', { L: 'a' }, 'a'],
  ['#{Octopus.Template.Each.Index}', {}, '#{Octopus.Template.Each.Index}'],
  ['#{each x in L}#{P[#{x}]}#{/each}', { L: 'a,b', 'P[a]': '1', 'P[b]': '2' }, '12'],
  ['#{each x in Coll[a]}#{x}#{/each}', { 'Coll[a][b]': '1', 'Coll[a][c]': '2' }, '12'],
]);

table('JSON', [
  ['#{J.a[0]}#{J[a][1]}', { J: '{"a": [1, "two"]}' }, '1two'],
  ['#{J[0].Name}', { J: ' [{"Name": "x"}] ' }, 'x'],
  ['#{J.a}', { J: '{"a": {"b": "11", "c": [1.50, true, null]}}' }, '{"b":"11","c":[1.50,true,null]}'],
  [
    '#{J.n} #{J.t} #{J.f} #{J.x}.',
    { J: '{"n": 12345678901234567890.10, "t": true, "f": false, "x": null}' },
    '12345678901234567890.10 True False .',
  ],
  ['[#{J.missing}][#{J.a[7]}]', { J: '{"a": []}' }, '[][]'],
  ['#{J.missing.more}', { J: '{}' }, '#{J.missing.more}'],
  ['#{J.A}', { J: '{"a": 1}' }, ''],
  ['#{J.a[-1]}', { J: '{"a": [1]}' }, '#{J.a[-1]}'],
  ['#{J.a}', { J: '8080' }, '#{J.a}'],
  ['#{J.a}', { J: '{a: 1}' }, '#{J.a}'],
  [
    '#{J.Hello} #{J[Foo]} #{J.Donkey.Kong} #{J.Rest}',
    {
      J: '{"Hello": "World", "Foo": "Bar", "Donkey": {"Kong": 12}, "Rest": 1}',
      'J.Hello': 'own',
      'J[Foo]': 'own2',
      'J.Donkey.Kong': 'M',
    },
    'own own2 M 1',
  ],
  ['#{J.Name}', { J: '{"Name": "#{J.Value}", "Value": 12}' }, '12'],
  ['#{J.Foo}#{J[Foo]}#{J[#{Prop}]}', { Prop: 'Foo', Val: 'Bar', J: '{"#{Prop}": "#{Val}"}' }, 'BarBarBar'],
  ['#{J.p}', { Port: '80', J: '{"p": #{Port}}' }, '80'],
  ['#{each x in J}#{x.Key}#{x}#{x.Value}#{/each}', { K: 'k', V: 'v', J: '{"#{K}": "#{V}"}' }, 'kkv'],
  ['#{J.a.b}', { J: '{"a": "{\\"b\\": 1}"}' }, '1'],
  ['#{J.__proto__}#{J.constructor}', { J: '{}' }, ''],
]);

table('calculations', [
  ...[
    ['3+2', '5'],
    ['3-2', '1'],
    ['3*2', '6'],
    ['3/2', '1.5'],
    ['3*2+2*4', '14'],
    ['3*(2+2)*4', '48'],
    ['-3+-2', '-5'],
    ['A+2', '7'],
    ['A + B', '12'],
    ['2-B', '-5'],
    ['(B*2)-2', '12'],
    ['2-(B*2)', '-12'],
    ['{B}-2', '5'],
    ['B - 2', '5'],
    ['{Another-Var}-2', '9'],
    ['{The/Var}-2', '7'],
    ['{Some Name} + 1', '2'],
    ['10-4-3', '3'],
    ['16/4/2', '2'],
    ['7%2', '1'],
    ['2+7%4', '5'],
    ['10%4*2', '4'],
    ['0.2*B', '1.4000000000000001'],
    ['2/4', '0.5'],
    ['J.a[0] * 2', '6'],
    ['P[#{Which}]+1', '10'],
    ['1000000*1000000000', '1E+15'],
    ['((((1))))', '1'],
    ['E', '1200'],
  ].map(([sum, result]): Row => [
    `#{calc ${sum}}`,
    {
      A: '5',
      B: ' 7 ',
      'The/Var': '9',
      'Another-Var': '11',
      'Some Name': '1',
      J: '{"a":[3]}',
      'P[x]': '9',
      Which: 'x',
      E: '1.2e3',
    },
    result ?? '',
  ]),
  ...['C+2', 'B-2', 'B/2', 'T+1', '5.5%2', '7%0', '1/0', '(1', '1+', '', '1 2'].map((sum): Row => [
    `#{calc ${sum}}`,
    { B: '7', T: 'text' },
    `#{calc ${sum}}`,
  ]),
]);

table('filters in chains, and their arguments', [
  ['#{Foo|ToUpper|ToLower}', { Foo: 'Abc' }, 'abc'],
  ['#{Foo | ToBazooka}', { Foo: 'Abc' }, '#{Foo | ToBazooka}'],
  ['#{Foo | ToBazooka 6 | Append "x"}', { Foo: 'Abc' }, 'x'],
  ['#{foo | replace #{regex}#{replacement}}', { foo: 'abc', regex: 'b', replacement: 'x' }, 'axc'],
  ['#{foo | Append #{bar | ToUpper} " " c.d #{calc 1+1}}', { foo: 'a', bar: 'b' }, 'aB c.d2'],
  [
    '#{A | Append #{if B}c#{else}d#{/if} #{each i in L}#{i}!#{/each}}',
    { A: 'a', B: '1', L: '1,2' },
    'ac1!2!',
  ],
  ['#{A | Append #{Missing}}', { A: 'a' }, 'a#{Missing}'],
  ['#{A | Append "a#b"}', { A: 'a' }, 'aa#b'],
  ['#{A | Append "#{B}"}', { A: 'a', B: 'b' }, '#{A | Append "b"}'],
  ['#{A | | B}', { A: 'a' }, '#{A | | B}'],
  ['#{A | Append "b}', { A: 'a' }, '#{A | Append "b}'],
]);

table('malformed text stays', [
  ['#{Foo', { Foo: 'x' }, '#{Foo'],
  ['#{Foo #{Bar}', { Bar: 'x' }, '#{Foo x'],
  ['"#{"===e.substr(0,2),i="#{Web.Root}"', { 'Web.Root': 'x' }, '"#{"===e.substr(0,2),i="x"'],
  ['#{each a in Action}#{a}', { 'Action[a]': '1' }, '#{each a in Action}#{a}'],
  ['#{if A}x#{else}#{A}', { A: '1' }, '#{if A}x#{else}1'],
  ['#{if A}#{each x in A}#{x}#{/if}', { A: '1', x: 'o' }, '#{each x in A}o'],
  [
    '#{/if}#{/each}#{/unless}#{/what}#{else}#{elseif A}',
    { A: '1' },
    '#{/if}#{/each}#{/unless}#{/what}#{else}#{elseif A}',
  ],
  ['#{unless A}1#{elseif B}2#{/unless}', {}, '1#{elseif B}2'],
  ['#{if A}1#{else}2#{else}3#{/if}', {}, '2#{else}3'],
  ['###{a!}', {}, '###{a!}'],
]);

describe('problems', () => {
  test.each([
    ['a\nb #{if A}\n', { line: 2, column: 3, message: '#{if} has no end', expected: '#{/if} after it' }],
    ['#{/each}', { line: 1, column: 1, message: '#{/each} closes nothing', expected: '#{each …} before it' }],
    [
      '😀\r\n #{A | }',
      { line: 2, column: 8, message: 'A filter has no name', expected: 'the name of a filter after |' },
    ],
    [
      '#{A[b}',
      {
        line: 1,
        column: 7,
        message: 'An index has no end',
        expected: '] after the index; a computed index is #{…} alone',
      },
    ],
    [
      '#{A | Append "#{B}"}',
      {
        line: 1,
        column: 14,
        message: 'A quoted text holds no variables',
        expected: 'the variable as an argument of its own: #{Name}, without quotes',
      },
    ],
    [
      '#{each a of B}',
      { line: 1, column: 14, message: '#{each} has no "in"', expected: '#{each item in Collection}' },
    ],
  ])('of the syntax: %j', (text, problem) => {
    expect(parse(text).problems[0]).toEqual({ code: 'syntax', ...problem });
    expect(evaluate(text, {}).problems[0]).toEqual({ code: 'syntax', ...problem });
  });

  test.each([
    ['#{A | ToBazooka}', 'filter', 'There is no filter ToBazooka'],
    ['#{A | Substring 99}', 'filter', 'Substring gives nothing for what it is given'],
    ['#{A | Match "(?=a)"}', 'filter', 'The pattern can not be used'],
    ['#{ | NowDate}', 'filter', 'There is no time here'],
    ['#{calc A + 1}', 'calculation', 'No number comes of #{calc A + 1}'],
  ])('of what is evaluated: %s', (text, code, message) => {
    expect(evaluate(text, { A: 'secret' }).problems).toEqual([expect.objectContaining({ code, message })]);
  });

  test('of a value are told with the variable', () => {
    expect(evaluate('#{A}', { A: 'x\n#{if B}' }).problems).toEqual([
      expect.objectContaining({ line: 2, column: 1, variable: 'A', message: '#{if} has no end' }),
    ]);
  });

  test('what is missing is none, and is listed as it is written, once', () => {
    const { missing, problems } = evaluate('#{ A }#{ A }#{B | ToUpper}#{C}#{if D}#{/if}', { C: '#{E}' });
    expect(missing).toEqual(['#{ A }', '#{B | ToUpper}', '#{E}']);
    expect(problems).toEqual([]);
  });
});

test('what gives nothing in a value can stay', () => {
  expect(evaluate('#{A}', { A: '[#{B}]' }, { unresolvedInValues: 'keep' }).text).toBe('[#{B}]');
});

describe('used', () => {
  const used = (text: string, variables: Record<string, string>): string[] =>
    [...evaluate(text, variables).used].sort();

  test.each<[string, Record<string, string>, string[]]>([
    ['#{A}', { A: '1', B: '2' }, ['a']],
    ['#{A}', { A: '#{B}', B: '#{C}', C: '', D: '' }, ['a', 'b', 'c']],
    ['#{if A}#{B}#{else}#{C}#{/if}', { A: '1', B: '', C: '' }, ['a', 'b']],
    ['#{if A == B}#{/if}', { A: '1', B: '' }, ['a', 'b']],
    ['#{if A}#{elseif B}#{/if}', { A: '1', B: '' }, ['a']],
    ['#{X | Append #{A}}', { A: '1', X: '' }, ['a', 'x']],
    ['#{P[#{A}]}', { A: 'i', 'P[i]': '', 'P[j]': '' }, ['a', 'p[i]']],
    ['#{each x in L}#{/each}', { L: 'a' }, ['l']],
    ['#{each x in P}#{x.N}#{/each}', { 'P[a].N': '1', 'P[b].N': '2', 'P[b].M': '3' }, ['p[a].n', 'p[b].n']],
    ['#{each x in P}#{x}#{/each}', { 'P[a].N': '1' }, []],
    ['#{J.a}', { J: '{"a": "#{A}", "b": "#{B}"}', A: '1', B: '2' }, ['a', 'j']],
    ['#{J.a}', { J: '{"a": #{A}}', A: '1' }, ['a', 'j']],
    ['#{J.a}', { J: '{"#{A}": "#{B}", "#{C}": 1}', A: 'a', B: '1', C: 'c' }, ['a', 'b', 'c', 'j']],
    ['#{J.z}', { J: '{"#{A}": 1}', A: 'a' }, ['a', 'j']],
    ['#{each x in J}#{x.Value}#{/each}', { J: '["#{A}"]', A: '1' }, ['j']],
    ['#{calc A+{B}}', { A: '1', B: '2' }, ['a', 'b']],
    ['#{A.B}', { A: 'x', 'A.B': 'y' }, ['a.b']],
    ['##{A}', { A: 'x' }, []],
    ['#{Missing}', { A: 'x' }, []],
  ])('%s of %j', (text, variables, names) => {
    expect(used(text, variables)).toEqual(names);
  });

  test('is the whole even where a value was used before', () => {
    expect(used('#{A}#{B}#{A}', { A: '#{C}', B: '#{C}#{D}', C: '', D: '' })).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('values of variables', () => {
  test('are found by any name, in any case', () => {
    const variables = Variables.from([
      ['odd$name', '#{b}'],
      ['B', '2'],
      ['b', '3'],
    ]);
    expect(evaluateVariable('ODD$NAME', variables)?.text).toBe('3');
    expect(evaluateVariable('nothing', variables)).toBeUndefined();
    expect(variables.names).toEqual(['odd$name', 'b']);
  });

  test.each<[string, Record<string, string>, string]>([
    ['A', { A: '#{A}' }, 'A → A'],
    ['A', { A: '#{B}', B: 'x#{C | ToUpper}', C: '#{if A}#{/if}' }, 'A → B → C → A'],
    ['A', { A: '#{P[#{B}]}', B: '#{a}' }, 'A → B → A'],
    ['X', { X: '#{A}', A: '#{J.a}', J: '{"a": "#{J.b}", "b": "#{J.a}"}' }, 'J.a → J.b → J.a'],
    ['B', { A: '{"a": #{B}}', B: '#{A.a}' }, 'B → A → B'],
    ['B', { A: '{"#{B}": 1}', B: '#{A.a}' }, 'B → A → B'],
    ['B', { A: '#{B}', B: '#{each x in A}#{x}#{/each}' }, 'B → A → B'],
  ])('that lead back to themselves are refused: %s of %j', (name, variables, chain) => {
    const value = (): unknown => evaluateVariable(name, variables);
    expect(value).toThrow(TemplateError);
    expect(value).toThrow(chain);
    expect(evaluate(`#{${name}} ok`, variables)).toMatchObject({
      text: `#{${name}} ok`,
      problems: [{ code: 'recursion', message: expect.stringContaining(chain) }],
    });
  });

  test('may go in a circle that nothing walks', () => {
    const variables = { A: '#{if C}#{B}#{else}end#{/if}', B: '#{A}' };
    expect(evaluateVariable('B', variables)?.text).toBe('end');
  });
});

describe('truth of conditions', () => {
  test.each([
    ['#{Missing}', false],
    ['', false],
    [' #{No} ', false],
    ['#{if Yes}True#{/if}', true],
    ['#{if No}True#{/if}', false],
    ['#{unless No}True#{/unless}', true],
    ['False', false],
  ])('%s', (text, truth) => {
    expect(isTruthy(text, { Yes: 'yes', No: 'no' })).toBe(truth);
  });

  test('that can not be told', () => {
    expect(() => isTruthy('#{A}', { A: '#{A}' })).toThrow('A → A');
  });
});

describe('references', () => {
  test.each<[string, string[]]>([
    ['#{var}#{VAR}', ['var']],
    ['#{a | Format #{b} "c" d}', ['a', 'b']],
    ['#{p[#{q}].r}#{p[x].y}', ['q', 'p', 'p[x].y']],
    ['#{if a}#{b}#{elseif c == d}#{e}#{else}#{f}#{/if}', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['#{unless a | Contains #{b}}#{/unless}', ['a', 'b']],
    [
      '#{each i in L}#{i.x}#{each j in i.y}#{j}#{k}#{/each}#{Octopus.Template.Each.Index}#{/each}#{i}',
      ['L', 'k', 'i'],
    ],
    ['#{calc a + {b-c} * (d - 1)}', ['a', 'b-c', 'd']],
    ['##{x} #{ | NowDate} #{"t"} #{malformed!}', []],
    ['#{a | Append #{if b}#{c}#{/if}}', ['a', 'b', 'c']],
  ])('of %s', (text, names) => {
    expect(referencesIn(text)).toEqual(names);
  });
});
