/** Escapes for the formats that templates stand in. Each escapes what the format needs, and leaves the rest. */
import { plain } from './filter.ts';

const XML: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;' },
  ...{ '"': '&quot;', "'": '&apos;' },
};

const SHORT: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\' },
  ...{ '\r': '\\r', '\n': '\\n', '\t': '\\t' },
};

const LINE_OR_SLASH: Readonly<Record<string, string>> = { ...SHORT, '"': '"' };

const hex = (text: string, digits: number): string =>
  (text.codePointAt(0) ?? 0).toString(16).padStart(digits, '0');

export const htmlEscape = plain((text) =>
  text.replace(/[&<>"'/]/g, (found) => (found === '/' ? '&#x2F;' : (XML[found] ?? found))),
);

export const xmlEscape = plain((text) => text.replace(/[&<>"']/g, (found) => XML[found] ?? found));

/** Between quotes. */
export const jsonEscape = plain((text) =>
  text.replace(/["\\\u0000-\u001f]/g, (found) => SHORT[found] ?? `\\u${hex(found, 4)}`),
);

/** Between single quotes: a line break is folded into a space unless it is doubled. */
export const yamlSingleQuoteEscape = plain((text) =>
  text
    .replace(/(?:\r?\n)+/g, (breaks) => (breaks.startsWith('\r') ? '\r\n' : '\n') + breaks)
    .replaceAll("'", "''"),
);

/** Between double quotes: ASCII only. A character beyond the first plane is one escape of eight digits, as YAML has it. */
export const yamlDoubleQuoteEscape = plain((text) =>
  text.replace(/["\\]|[^ -~]/gu, (found) => {
    const short = SHORT[found];
    if (short !== undefined) return short;
    return found.length > 1 ? `\\U${hex(found, 8)}` : `\\u${hex(found, 4)}`;
  }),
);

/** For .properties files, which are ISO 8859-1; a character beyond the first plane is a pair of escapes. */
function properties(text: string): string {
  return text.replace(
    /[\\\r\n\t]|[^\u0000-\u00fe]/g,
    (found) => LINE_OR_SLASH[found] ?? `\\u${hex(found, 4)}`,
  );
}

export const propertiesKeyEscape = plain((text) => properties(text).replace(/[ :=]/g, '\\$&'));

export const propertiesValueEscape = plain((text) => properties(text).replace(/^ /, '\\ '));

/** What a whole URI may hold stays; % is escaped too. */
export const uriEscape = plain((text) =>
  encodeURI(text.toWellFormed()).replaceAll('%5B', '[').replaceAll('%5D', ']'),
);

/** All but letters, digits and - _ . ~ is escaped. */
export const uriDataEscape = plain((text) =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (found) => `%${hex(found, 2).toUpperCase()}`),
);
