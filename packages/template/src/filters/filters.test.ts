import { expect, test } from '@jest/globals';

import { evaluate } from '../index.ts';
import { FILTERS } from './filters.ts';

const NOW = new Date('2016-11-03T08:53:11.094Z');
const options = { now: () => NOW, zone: 'Europe/Berlin' };

/** The value, what stands after the bar, and what comes of it; undefined: nothing. */
type Row = [value: string | undefined, filter: string, result: string | undefined];

const TABLES: Record<string, readonly Row[]> = {
  ToLower: [
    ['ABC ÄÖ Σ', 'ToLower', 'abc äö σ'],
    ['İ', 'ToLower', 'İ'],
    ['𐐀', 'tolower', '𐐨'],
    ['A', 'ToLower x', undefined],
  ],
  ToUpper: [
    ['abc äöß ﬁ', 'ToUpper', 'ABC ÄÖß ﬁ'],
    ['𐐨😀', 'TOUPPER', '𐐀😀'],
  ],
  ToBase64: [
    ['Foo Bar', 'ToBase64', 'Rm9vIEJhcg=='],
    ['é😀', 'ToBase64 utf-8', 'w6nwn5iA'],
    ['Ab', 'ToBase64 Unicode', 'QQBiAA=='],
    ['', 'ToBase64', ''],
    ['a', 'ToBase64 latin1', undefined],
    ['a', 'ToBase64 utf8 utf8', undefined],
    ['a', 'ToBase64 constructor', undefined],
  ],
  FromBase64: [
    ['Rm9vIEJhcg==', 'FromBase64', 'Foo Bar'],
    ['QQBiAA==', 'FromBase64 unicode', 'Ab'],
    ['Rm9v\n IEJhcg==', 'FromBase64', 'Foo Bar'],
    ['/w==', 'FromBase64', '\ufffd'],
    ['Rm9', 'FromBase64', undefined],
    ['R*==', 'FromBase64', undefined],
  ],
  HtmlEscape: [[`<a href="/x">'&`, 'HtmlEscape', '&lt;a href=&quot;&#x2F;x&quot;&gt;&apos;&amp;']],
  XmlEscape: [[`<a b="/x">'&`, 'XmlEscape', '&lt;a b=&quot;/x&quot;&gt;&apos;&amp;']],
  UriEscape: [
    ['A b:c+d/e?f=[1]&%', 'UriEscape', 'A%20b:c+d/e?f=[1]&%25'],
    ['é😀\ud800', 'UriEscape', '%C3%A9%F0%9F%98%80%EF%BF%BD'],
    ['%5B', 'UriEscape', '%255B'],
  ],
  UriDataEscape: [
    ["A b:c+d/e!'()*-_.~", 'UriDataEscape', 'A%20b%3Ac%2Bd%2Fe%21%27%28%29%2A-_.~'],
    ['\udc00', 'UriDataEscape', '%EF%BF%BD'],
  ],
  JsonEscape: [
    ['a"b\\c\r\n\t', 'JsonEscape', 'a\\"b\\\\c\\r\\n\\t'],
    ['\u0000\u001f/é', 'JsonEscape', '\\u0000\\u001f/é'],
  ],
  YamlSingleQuoteEscape: [
    ["The bee's knees", 'YamlSingleQuoteEscape', "The bee''s knees"],
    ['a\nb\r\nc', 'YamlSingleQuoteEscape', 'a\n\nb\r\n\r\nc'],
    ['a\n\nb', 'YamlSingleQuoteEscape', 'a\n\n\nb'],
  ],
  YamlDoubleQuoteEscape: [
    ['"Hello"\\Goodbye\n\t', 'YamlDoubleQuoteEscape', '\\"Hello\\"\\\\Goodbye\\n\\t'],
    ['é😀\u0007', 'YamlDoubleQuoteEscape', '\\u00e9\\U0001f600\\u0007'],
  ],
  PropertiesKeyEscape: [['Hey: x=y', 'PropertiesKeyEscape', 'Hey\\:\\ x\\=y']],
  PropertiesValueEscape: [
    ['  a\\b=c: d', 'PropertiesValueEscape', '\\  a\\\\b=c: d'],
    ['é\u4e2d😀\t', 'PropertiesValueEscape', 'é\\u4e2d\\ud83d\\ude00\\t'],
  ],
  Markdown: [
    [' _yeah!_ ', 'Markdown', '<p><em>yeah!</em></p>\n'],
    ['http://example.com', 'Markdown', '<p><a href="http://example.com">http://example.com</a></p>\n'],
    ['~~a~~ <b>c</b>', 'Markdown', '<p><del>a</del> <b>c</b></p>\n'],
    ['x', 'Markdown x', undefined],
    ['> '.repeat(8000), 'Markdown', undefined],
    ['x'.repeat(20_000), 'Markdown', undefined],
  ],
  MarkdownToHtml: [['# A', 'MarkdownToHtml', '<h1>A</h1>\n']],
  NowDate: [
    [undefined, 'NowDate', '2016-11-03T09:53:11.0940000'],
    [undefined, 'NowDate "yyyy-MM-dd HH:mm zzz"', '2016-11-03 09:53 +01:00'],
    [undefined, 'NowDate Asia/Kolkata "HH:mm"', '14:23'],
    [undefined, 'NowDate UTC', '2016-11-03T08:53:11.0940000'],
    [undefined, 'NowDate | Format Date MMM', 'Nov'],
    [undefined, 'NowDate | Format DateTimeOffset zz', '+01'],
    ['x', 'NowDate', undefined],
    [undefined, 'NowDate a b', undefined],
  ],
  NowDateUtc: [
    [undefined, 'NowDateUtc', '2016-11-03T08:53:11.0940000Z'],
    [undefined, 'NowDateUtc | Format DateTimeOffset zz', '+00'],
    [undefined, 'NowDateUtc yyyy', '2016'],
    ['x', 'NowDateUtc', undefined],
  ],
  AddHours: [
    ['2016-11-03T23:30:00Z', 'AddHours 1', '2016-11-04T00:30:00.0000000Z'],
    ['2016-11-03 23:30', 'AddHours -1.5', '2016-11-03T22:00:00.0000000'],
    ['2016-03-27T01:30:00+01:00', 'AddHours 1', '2016-03-27T02:30:00.0000000+01:00'],
    [undefined, 'NowDateUtc | AddHours 24', '2016-11-04T08:53:11.0940000Z'],
    ['text', 'AddHours 1', undefined],
    ['2016-11-03', 'AddHours x', undefined],
    ['2016-11-03', 'AddHours', undefined],
    ['9999-12-31', 'AddHours 24', undefined],
    ['2016-11-03', 'AddHours 1e300', undefined],
    ['2016-11-03', 'AddHours NaN', undefined],
  ],
  AddDays: [
    ['2016-02-28T00:00:00.1234567', 'AddDays 1', '2016-02-29T00:00:00.1234567'],
    ['2016-11-03', 'AddDays -3', '2016-10-31T00:00:00.0000000'],
    ['0001-01-01', 'AddDays -1', undefined],
  ],
  Format: [
    ['4.3', 'Format C', '¤4.30'],
    ['4.3', 'Format 0.00', '4.30'],
    ['1,234.5', 'Format N1', '1,234.5'],
    ['2030/05/22 09:05:00', 'Format yyyy', '2030'],
    ['2030/05/22 09:05:00', 'Format Date "HH dd-MMM-yyyy"', '09 22-May-2030'],
    ['23.4', 'Format Double C', '¤23.40'],
    ['42', 'Format Int32 D5', '00042'],
    ['42', 'Format int X', '2A'],
    ['42.5', 'Format Int D5', undefined],
    ['2147483648', 'Format Int D', undefined],
    ['1e3', 'Format Decimal N0', undefined],
    ['1e3', 'Format Double N0', '1,000'],
    ['hello', 'Format yyyy', undefined],
    ['4', 'Format', undefined],
    ['4', 'Format Q', undefined],
    ['4', 'Format Text N0', undefined],
    ['4', 'Format Int N0 x', undefined],
  ],
  Match: [
    ['abc', 'Match "^a.c$"', 'true'],
    ['abc', 'Match B', 'false'],
    ['abc', 'Match "(?i)B"', 'true'],
    ['😀', 'Match "^.$"', 'true'],
    ['abc', 'Match "(?=b)"', undefined],
    ['abc', 'Match "["', undefined],
    ['abc', 'Match', undefined],
    ['x'.repeat(50_000), 'Match "(x+x+)+y"', 'false'],
    ['abc', `Match "${'a'.repeat(5000)}"`, undefined],
  ],
  Replace: [
    ['abc', 'Replace abc def', 'def'],
    ['abc', 'Replace a', 'bc'],
    ['abc', 'Replace', undefined],
    ['ABC', 'Replace abc def', 'ABC'],
    ["a'b", 'Replace "[a-z]+" 1', "1'1"],
    ['opuocts', 'Replace "o(.+)o([a-z]*)s" "o$2o$1s"', 'octopus'],
    ['ababa', 'Replace "^a" x', 'xbaba'],
    ['ababa', 'Replace "a$" x', 'ababx'],
    [
      'abc',
      'Replace "(?<x>b)" "[${x}|${1}|$1|$&|$0|$`|$\'|$+|$_|$$|$9|${y}|$]"',
      'a[b|b|b|b|b|a|c|b|abc|$|$9|${y}|$]c',
    ],
    ['abc', 'Replace "(x)|b" "<$1>"', 'a<>c'],
    ['abc', 'Replace "" -', '-a-b-c-'],
    ['a😀b', 'Replace "[^a-z]" x', 'axb'],
    ['abc', 'Replace "(?<=a)b" x', undefined],
  ],
  StartsWith: [
    ['Abc', 'StartsWith Ab', 'true'],
    ['Abc', 'StartsWith ab', 'false'],
    ['Abc', 'StartsWith a b', undefined],
  ],
  EndsWith: [['Abc', 'EndsWith bc', 'true']],
  Contains: [
    ['a b(c', 'Contains " b("', 'true'],
    ['abc', 'Contains ""', 'true'],
    ['abc', 'Contains', undefined],
  ],
  Substring: [
    ['Octopus Deploy', 'Substring 7', 'Octopus'],
    ['Octopus Deploy', 'Substring 8 6', 'Deploy'],
    ['abc', 'Substring 3', 'abc'],
    ['abc', 'Substring 0', ''],
    ['abc', 'Substring 4', undefined],
    ['abc', 'Substring 2 2', undefined],
    ['abc', 'Substring -1', undefined],
    ['abc', 'Substring x', undefined],
    ['abc', 'Substring 1 1 1', undefined],
    ['a😀b', 'Substring 2', 'a'],
    ['a😀b', 'Substring 1 2', '😀'],
  ],
  Truncate: [
    ['Octopus Deploy', 'Truncate 7', 'Octopus...'],
    ['abc', 'Truncate 3', 'abc'],
    ['abc', 'Truncate -1', undefined],
    ['abc', 'Truncate', undefined],
    ['a😀b', 'Truncate 2', 'a...'],
  ],
  Trim: [
    [' \u00a0\u0085b \n', 'Trim', 'b'],
    ['  b  ', 'Trim Start', 'b  '],
    ['  b  ', 'Trim end', '  b'],
    ['  b  ', 'Trim middle', undefined],
    ['\ufeffb', 'Trim', '\ufeffb'],
  ],
  Indent: [
    ['a\nb', 'Indent', '    a\n    b'],
    ['a\nb', 'Indent 2', '  a\n  b'],
    ['a\nb', 'Indent 1/3', ' a\n   b'],
    ['a\nb', 'Indent /3', 'a\n   b'],
    ['a\nb', 'Indent "$& "', '$& a\n$& b'],
    ['a\nb', 'Indent "- " "  "', '- a\n  b'],
    ['', 'Indent', ''],
    ['a', 'Indent 300', '300a'],
    ['a', 'Indent 1 2 3', undefined],
  ],
  UriPart: [
    ...Object.entries({
      ...{ AbsolutePath: '/a%20b/c', AbsoluteUri: 'https://u:p@example.com:8443/a%20b/c?q=1#f' },
      ...{ Authority: 'example.com:8443', DnsSafeHost: 'example.com', Fragment: '#f', Host: 'example.com' },
      ...{
        HostAndPort: 'example.com:8443',
        HostNameType: 'Dns',
        IsAbsoluteUri: 'true',
        IsDefaultPort: 'false',
      },
      ...{
        IsFile: 'false',
        IsLoopback: 'false',
        IsUnc: 'false',
        Path: '/a b/c',
        PathAndQuery: '/a%20b/c?q=1',
      },
      ...{
        Port: '8443',
        Query: '?q=1',
        Scheme: 'https',
        SchemeAndServer: 'https://example.com:8443',
        UserInfo: 'u:p',
      },
      Nothing: "[UriPart Nothing error: argument 'Nothing' not supported]",
    }).map(([part, result]): Row => [
      'https://u:p@example.com:8443/a%20b/c?q=1#f',
      `UriPart ${part}`,
      result,
    ]),
    ['http://[::1]/', 'UriPart DnsSafeHost', '::1'],
    ['http://[::1]/', 'UriPart HostNameType', 'IPv6'],
    ['http://[::1]/', 'UriPart Port', '80'],
    ['http://127.0.0.1', 'UriPart IsLoopback', 'true'],
    ['http://10.0.0.1', 'UriPart HostNameType', 'IPv4'],
    ['http://a', 'UriPart HostAndPort', 'a:80'],
    ['file:///a/b', 'UriPart IsFile', 'true'],
    ['odd:a', 'UriPart Port', '-1'],
    ['a/b', 'UriPart IsAbsoluteUri', 'false'],
    ['a/b', 'UriPart Host', '[UriPart Host error: This operation is not supported for a relative URI.]'],
    ['http://a', 'UriPart', '[UriPart error: no argument given]'],
    ['http://a', 'UriPart constructor', "[UriPart constructor error: argument 'constructor' not supported]"],
  ],
  ...Object.fromEntries(
    Object.entries({
      VersionMajor: { '1': '1', 'v1.2': '1', latest: '0', '': '0', '007.1': '7' },
      VersionMinor: { '1': '0', '1.2.3': '2', 'V1.2.3.4-a': '2' },
      VersionPatch: { '1.2': '0', '1.2.3-rc': '3', '1.2.3rc1': '3' },
      VersionRevision: { '1.2.3': '0', '1.2.3.4+m': '4', '1.2.3.4.5': '4' },
      VersionPreRelease: {
        '1.2.3': '',
        '1.2.3.4-branch.1+meta': 'branch.1',
        '19.0.0.Final': 'Final',
        latest: 'latest',
        '1.2.3rc1': 'rc1',
        '1.2.3.4.5': '5',
      },
      VersionPreReleasePrefix: {
        '1.0-branch.1': 'branch',
        '1.0-branch-hithere': 'branch',
        '284.0.0-debian_component_based': 'debian',
        latest: 'latest',
      },
      VersionPreReleaseCounter: {
        '1.0-branch.1': '1',
        '1.0-branch_hithere': 'hithere',
        '284.0.0-debian_component_based': 'component_based',
        latest: '',
      },
      VersionMetadata: { '1.0+meta.1': 'meta.1', '1.0': '' },
    }).map(([name, results]) => [
      name,
      Object.entries(results).map(([version, part]): Row => [version, name, part]),
    ]),
  ),
  Append: [
    ['a', 'Append b "c d"', 'abc d'],
    [undefined, 'Append b', 'b'],
    ['a', 'Append', undefined],
  ],
  Prepend: [
    ['a', 'Prepend b c', 'bca'],
    [undefined, 'Prepend b', 'b'],
    ['a', 'Prepend', undefined],
  ],
  Md5: [
    ['abc', 'Md5', '900150983cd24fb0d6963f7d28e17f72'],
    ['YWJj', 'Md5 base64', '900150983cd24fb0d6963f7d28e17f72'],
    ['abc', 'Md5 4', '90015098'],
    ['abc', 'Md5 99', '900150983cd24fb0d6963f7d28e17f72'],
    ['YWJj', 'Md5 4 base64', '90015098'],
    ['YWJj', 'Md5 base64 4', '90015098'],
    ['a', 'Md5 unicode', '4144e195f46de78a3623da7364d04f11'],
    ['?', 'Md5 base64', undefined],
    ['a', 'Md5 0', undefined],
    ['a', 'Md5 4 4', undefined],
    ['a', 'Md5 ebcdic', undefined],
  ],
  Sha1: [['abc', 'Sha1', 'a9993e364706816aba3e25717850c26c9cd0d89d']],
  Sha256: [['abc', 'Sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad']],
  Sha384: [
    [
      'abc',
      'Sha384',
      'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    ],
  ],
  Sha512: [['abc', 'Sha512 8', 'ddaf35a193617aba']],
  Null: [
    ['a', 'Null', ''],
    [undefined, 'Null', ''],
    ['a', 'Null | Append b', 'b'],
  ],
};

test('every filter has its table', () => {
  expect(
    Object.keys(TABLES)
      .map((name) => name.toLowerCase())
      .sort(),
  ).toEqual([...FILTERS.keys()].sort());
  expect(FILTERS.size).toBe(46);
});

for (const [name, rows] of Object.entries(TABLES))
  test.each(rows.map((row, i) => [i, ...row] as const))(
    `${name} %i: %j | %s`,
    (_i, value, filter, result) => {
      const text = value === undefined ? `#{ | ${filter}}` : `#{Value | ${filter}}`;
      expect(evaluate(text, { Value: value ?? '' }, options).text).toBe(result ?? text);
    },
  );

const GIVES_OF_NOTHING = ['append', 'prepend', 'null', 'nowdate', 'nowdateutc'];

test.each([...FILTERS.keys()].filter((name) => !GIVES_OF_NOTHING.includes(name)))(
  '%s of nothing is nothing',
  (name) => {
    for (const text of [`#{Missing | ${name}}`, `#{Missing | ${name} 1}`, `#{Missing | ${name} C "x"}`])
      expect(evaluate(text, {}, options)).toMatchObject({ text, problems: [], missing: [text] });
  },
);
