/**
 * `Format C`, `Format yyyy`: a number if it is one, or else a date.
 * `Format Int32 D5`, `Format Double N1`, `Format Decimal 0.00`, `Format DateTime MMM`, `Format DateTimeOffset zz`.
 */
import { formatDate } from '../dotnet/format-date.ts';
import { formatNumber } from '../dotnet/format-number.ts';
import { type Numeral, numberOf, parseDecimal, parseDouble, parseInt32 } from '../dotnet/numbers.ts';
import { parseDateTime, parseDateTimeOffset } from '../dotnet/parse-date.ts';
import { type Around, type Filter, ofText } from './filter.ts';

export const format: Filter = ofText((text, args, around) => {
  const [first, second] = args;
  if (first === undefined || args.length > 2) return undefined;
  if (second !== undefined) return formatAs(first.toLowerCase(), text, second, around);
  const decimal = parseDecimal(text);
  if (decimal !== undefined) return formatNumber(decimal, first, around.currencySymbol);
  const date = parseDateTimeOffset(text, zoneOf(around));
  return date && formatDate(date, first);
});

function formatAs(type: string, text: string, wanted: string, around: Around): string | undefined {
  const number = (numeral: Numeral | undefined): string | undefined =>
    numeral && formatNumber(numeral, wanted, around.currencySymbol);
  switch (type) {
    case 'int':
    case 'int32':
      return number(parseInt32(text));
    case 'double': {
      const value = parseDouble(text);
      return value === undefined ? undefined : number(numberOf(value));
    }
    case 'decimal':
      return number(parseDecimal(text));
    case 'date':
    case 'datetime': {
      const date = parseDateTime(text, zoneOf(around));
      return date && formatDate(date, wanted);
    }
    case 'datetimeoffset': {
      const date = parseDateTimeOffset(text, zoneOf(around));
      return date && formatDate(date, wanted);
    }
    default:
      return undefined;
  }
}

const zoneOf = ({ zone = 'UTC' }: Around): string => zone;
