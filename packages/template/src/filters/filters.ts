/** All filters, by their names in lower case. */
import { fromBase64, md5, sha1, sha256, sha384, sha512, toBase64 } from './bytes.ts';
import { toLower, toUpper } from './case.ts';
import { addDays, addHours, nowDate, nowDateUtc } from './dates.ts';
import * as escape from './escape.ts';
import type { Filter } from './filter.ts';
import { format } from './format.ts';
import { markdown } from './markdown.ts';
import { match, replace } from './regex.ts';
import * as text from './text.ts';
import { uriPart } from './uri-part.ts';
import * as version from './version.ts';

/** `null` makes nothing of anything, and what is made nothing by it is no mistake: it is left out. */
const nothing: Filter = () => undefined;

export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['tolower', toLower],
  ['toupper', toUpper],
  ['tobase64', toBase64],
  ['frombase64', fromBase64],
  ['htmlescape', escape.htmlEscape],
  ['uriescape', escape.uriEscape],
  ['uridataescape', escape.uriDataEscape],
  ['xmlescape', escape.xmlEscape],
  ['jsonescape', escape.jsonEscape],
  ['yamlsinglequoteescape', escape.yamlSingleQuoteEscape],
  ['yamldoublequoteescape', escape.yamlDoubleQuoteEscape],
  ['propertieskeyescape', escape.propertiesKeyEscape],
  ['propertiesvalueescape', escape.propertiesValueEscape],
  ['markdown', markdown],
  ['markdowntohtml', markdown],
  ['nowdate', nowDate],
  ['nowdateutc', nowDateUtc],
  ['addhours', addHours],
  ['adddays', addDays],
  ['format', format],
  ['match', match],
  ['replace', replace],
  ['startswith', text.startsWith],
  ['endswith', text.endsWith],
  ['contains', text.contains],
  ['substring', text.substring],
  ['truncate', text.truncate],
  ['trim', text.trim],
  ['indent', text.indent],
  ['uripart', uriPart],
  ['versionmajor', version.versionMajor],
  ['versionminor', version.versionMinor],
  ['versionpatch', version.versionPatch],
  ['versionprerelease', version.versionPreRelease],
  ['versionprereleaseprefix', version.versionPreReleasePrefix],
  ['versionprereleasecounter', version.versionPreReleaseCounter],
  ['versionrevision', version.versionRevision],
  ['versionmetadata', version.versionMetadata],
  ['append', text.append],
  ['prepend', text.prepend],
  ['md5', md5],
  ['sha1', sha1],
  ['sha256', sha256],
  ['sha384', sha384],
  ['sha512', sha512],
  ['null', nothing],
]);
