import { describe, expect, test } from '@jest/globals';

import { inZone, isZone, offsetAtWall } from './dates.ts';
import { formatDate } from './format-date.ts';
import { formatNumber } from './format-number.ts';
import { numberOf, parseDecimal, parseDouble, parseInt32 } from './numbers.ts';
import { parseDateTime, parseDateTimeOffset } from './parse-date.ts';

describe('decimals', () => {
  test.each<[string, string, string | undefined]>([
    ['1234.5678', 'N2', '1,234.57'],
    ['1234.5', 'N', '1,234.50'],
    ['-1234.5', 'N0', '-1,235'],
    ['0', 'N0', '0'],
    ['-1234.5', 'C', '(¤1,234.50)'],
    ['0.5', 'P', '50.00 %'],
    ['-0.12345', 'P1', '-12.3 %'],
    ['12345', 'E2', '1.23E+004'],
    ['0.00012345', 'e3', '1.235e-004'],
    ['0', 'E', '0.000000E+000'],
    ['2.5', 'F0', '3'],
    ['-2.5', 'F0', '-3'],
    ['0.5', 'F0', '1'],
    ['0.05', 'F1', '0.1'],
    ['0.05', 'F0', '0'],
    ['-0.004', 'F2', '0.00'],
    ['999.995', 'F2', '1000.00'],
    ['1.50', 'G', '1.50'],
    ['1.50', '', '1.50'],
    ['1234', 'G2', '1.2E+03'],
    ['0.000001234', 'G2', '1.2E-06'],
    ['79228162514264337593543950335', 'N0', '79,228,162,514,264,337,593,543,950,335'],
    ['1', 'F100', undefined],
    ['1', 'D', undefined],
    ['1', 'R', undefined],
    ['1', 'Z2', undefined],
    ['1234.5', '#,##0.00', '1,234.50'],
    ['-1234.5', '#,##0.00', '-1,234.50'],
    ['0.5', '#.##', '.5'],
    ['0', '#.##', ''],
    ['12', '00000', '00012'],
    ['-5', '0;(0);zero', '(5)'],
    ['5', '0;(0);zero', '5'],
    ['0', '0;(0);zero', 'zero'],
    ['0.1', '0;(0);zero', 'zero'],
    ['-0.1', '0', '0'],
    ['1234567', '0,,.0M', '1.2M'],
    ['1234567', '0,,', '1'],
    ['0.256', '0.0%', '25.6%'],
    ['0.256', '0.0‰', '256.0‰'],
    ['0.00012', '0.00E+00', '1.20E-04'],
    ['1234.5', '0.0e0', '1.2e3'],
    ['1234567890', '(###) ###-####', '(123) 456-7890'],
    ['5', '"x0"0\\0', 'x050'],
    ['5', "'a;b' 0", 'a;b 5'],
    ['1.25', '0.0', '1.3'],
    ['9.99', '0.0', '10.0'],
    ['1234', '##', '1234'],
    ['5', 'text', 'text'],
  ])('%s as %j', (text, format, result) => {
    expect(formatNumber(parseDecimal(text)!, format)).toBe(result);
  });

  test('have the symbol of a currency that is asked for', () => {
    expect(formatNumber(parseDecimal('4.3')!, 'C', '$')).toBe('$4.30');
  });

  test.each([
    '',
    '-',
    'a',
    '1a',
    '1.2.3',
    '--1',
    '-1-',
    '1e3',
    '0x1',
    '1 2',
    '1'.repeat(40),
    '9'.repeat(500),
  ])('%j is none', (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  test.each([
    [' 1 ', '1'],
    ['+1.', '1'],
    ['.5', '0.5'],
    ['1-', '-1'],
    ['1,2,3', '123'],
    ['0.00000000000000000000000000005', '0.0000000000000000000000000001'],
  ])('%j is one', (text, result) => {
    expect(formatNumber(parseDecimal(text)!, 'G')).toBe(result);
  });
});

describe('doubles', () => {
  test.each<[string, string, string | undefined]>([
    ['2.675', 'F2', '2.67'],
    ['1.005', 'F2', '1.00'],
    ['0.125', 'F2', '0.13'],
    ['0.1', 'F20', '0.10000000000000000555'],
    ['1e21', 'N0', '1,000,000,000,000,000,000,000'],
    ['5e-324', 'E2', '4.94E-324'],
    ['-0', 'F1', '-0.0'],
    ['-0.001', 'F2', '-0.00'],
    ['0.1', 'R', '0.1'],
    ['1e-7', 'G', '1E-07'],
    ['0.0001', 'G', '0.0001'],
    ['0.00001', 'G', '1E-05'],
    ['123456789012345', 'G', '123456789012345'],
    ['1e15', 'G', '1E+15'],
    ['1e100', 'G', '1E+100'],
    ['100', 'G', '100'],
    ['0.1', 'P0', '10 %'],
    ['0.1', '0.00', '0.10'],
    ['NaN', 'F2', 'NaN'],
    ['-Infinity', 'N', '-Infinity'],
    ['1', 'X', undefined],
  ])('%s as %s', (text, format, result) => {
    expect(formatNumber(numberOf(parseDouble(text)!), format)).toBe(result);
  });
});

describe('integers', () => {
  test.each<[string, string, string | undefined]>([
    ['42', 'D5', '00042'],
    ['-42', 'D5', '-00042'],
    ['0', 'D', '0'],
    ['255', 'X4', '00FF'],
    ['255', 'x', 'ff'],
    ['-1', 'X', 'FFFFFFFF'],
    ['5', 'B8', '00000101'],
    ['1234', 'N0', '1,234'],
    ['1234', 'G', '1234'],
    ['100', 'G1', '1E+02'],
    ['7', '000', '007'],
  ])('%s as %s', (text, format, result) => {
    expect(formatNumber(parseInt32(text)!, format)).toBe(result);
  });
});

describe('dates', () => {
  const date = parseDateTimeOffset('2030-05-02T15:04:09.0120345+02:00', 'UTC')!;
  test.each<[string, string | undefined]>([
    ['d', '05/02/2030'],
    ['D', 'Thursday, 02 May 2030'],
    ['f', 'Thursday, 02 May 2030 15:04'],
    ['F', 'Thursday, 02 May 2030 15:04:09'],
    ['g', '05/02/2030 15:04'],
    ['G', '05/02/2030 15:04:09'],
    ['M', 'May 02'],
    ['o', '2030-05-02T15:04:09.0120345+02:00'],
    ['R', 'Thu, 02 May 2030 13:04:09 GMT'],
    ['s', '2030-05-02T15:04:09'],
    ['t', '15:04'],
    ['T', '15:04:09'],
    ['u', '2030-05-02 13:04:09Z'],
    ['U', undefined],
    ['Y', '2030 May'],
    ['q', undefined],
    ['', '05/02/2030 15:04:09 +02:00'],
    ['%d', '2'],
    ['d ', '2 '],
    ['dd ddd dddd', '02 Thu Thursday'],
    ['M MM MMM MMMM', '5 05 May May'],
    ['y yy yyy yyyy yyyyy', '30 30 2030 2030 02030'],
    ['h hh H HH', '3 03 15 15'],
    ['m mm s ss', '4 04 9 09'],
    ['t tt', 'P PM'],
    ['f ff fff ffff fffffff', '0 01 012 0120 0120345'],
    ['ss.FFF', '09.012'],
    ['ffffffff', undefined],
    ['z zz zzz K', '+2 +02 +02:00 +02:00'],
    ['gg', 'A.D.'],
    ["yyyy'y\\'y'\\M\"M\"", "2030y'yMM"],
    ["'open", undefined],
    ['yyyy\\', undefined],
    ['%', undefined],
    ['yyyy-MM-dd', '2030-05-02'],
  ])('as %j', (format, result) => {
    expect(formatDate(date, format)).toBe(result);
  });

  test('an empty fraction takes its point along', () => {
    expect(formatDate(parseDateTime('2030-05-02T01:02:03', 'UTC')!, 'ss.FFF')).toBe('03');
  });

  test.each<[string, string]>([
    ['2030-05-02', '2030-05-02T00:00:00.0000000'],
    ['2030/5/2 9:05', '2030-05-02T09:05:00.0000000'],
    ['05/02/2030 9:05 PM', '2030-05-02T21:05:00.0000000'],
    ['12:00 AM', ''],
    ['5/2/2030 12:00:00 AM', '2030-05-02T00:00:00.0000000'],
    ['2 May 2030', '2030-05-02T00:00:00.0000000'],
    ['Thu, 02 May 2030 13:04:09', '2030-05-02T13:04:09.0000000'],
    ['May 2, 2030', '2030-05-02T00:00:00.0000000'],
    ['2030-05-02T13:04:09.123456789', '2030-05-02T13:04:09.1234567'],
    // With a zone it becomes local.
    ['2030-05-02T13:04:09Z', '2030-05-02T15:04:09.0000000+02:00'],
    ['2030-12-02T13:04:09 GMT', '2030-12-02T14:04:09.0000000+01:00'],
    ['2030-05-02T13:04:09-0530', '2030-05-02T20:34:09.0000000+02:00'],
    ['2030-02-30', ''],
    ['2030-13-01', ''],
    ['2030-01-01T24:00', ''],
    ['2030-01-01T13:00 PM', ''],
    ['2030-01-01T00:00+15:00', ''],
    ['0000-01-01', ''],
    ['May 2030', ''],
    ['x'.repeat(100), ''],
  ])('%s is read', (text, result) => {
    const read = parseDateTime(text, 'Europe/Berlin');
    expect(read === undefined ? '' : formatDate(read, 'O')).toBe(result);
  });

  test('zones have their offsets', () => {
    expect(isZone('Europe/Berlin')).toBe(true);
    expect(isZone('Europe/Nowhere')).toBe(false);
    expect(inZone(Date.UTC(2030, 6, 1), 0, 'America/St_Johns').offsetMinutes).toBe(-150);
    expect(offsetAtWall(Date.UTC(2030, 6, 1), 'Asia/Kolkata')).toBe(330);
  });
});
