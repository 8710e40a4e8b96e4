/** Markdown to HTML, with tables, strikethrough and links for addresses. HTML in the text stays, as Octopus has it. */
import { Marked } from 'marked';

import { LONGEST_MARKDOWN } from '../limits.ts';
import { trim } from '../white.ts';
import { type Filter, ofText, type Refusal } from './filter.ts';

const marked = new Marked({ gfm: true, async: false });

const TOO_LONG: Refusal = {
  message: `The text is longer than ${LONGEST_MARKDOWN} characters, or nested too deep, for Markdown`,
  expected: 'a shorter text',
};

export const markdown: Filter = ofText((text, args) => {
  if (args.length > 0) return undefined;
  if (text.length > LONGEST_MARKDOWN) return TOO_LONG;
  try {
    return marked.parse(trim(text)) as string;
  } catch {
    // It descends into quotes and lists, as deep as they go.
    return TOO_LONG;
  }
});
