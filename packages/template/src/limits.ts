/**
 * How much a template may ask for. All are far above what people write, and low
 * enough that no text and no variable can take a process with it.
 */

/** Blocks within one another in one text; and so many filters' arguments, computed indexes or parentheses. Both are less than is evaluated. */
export const DEEPEST_NESTING = 50;

/** The same while evaluating, with the variables that lead to each other: each level takes some ten frames of the stack. */
export const DEEPEST_EVALUATION = 128;

/** UTF-16 code units of the text that an evaluation gives, unless the caller sets another limit. */
export const LONGEST_OUTPUT = 16 * 1024 * 1024;

/** A step is one construct that is evaluated, or so many characters that are copied or given to a filter. */
export const MOST_STEPS = 1_000_000;
export const CHARACTERS_A_STEP = 256;

/** Of a pattern given to Match or Replace, and the product of its length with the text's: the engine's time is linear in it. */
export const LONGEST_PATTERN = 4096;
export const LARGEST_SEARCH = 32 * 1024 * 1024;

/** Of a text given to Markdown, in UTF-16 code units: the library takes time that grows with the square of some texts. */
export const LONGEST_MARKDOWN = 16 * 1024;

/** Brackets within one another in a value that is read as JSON. */
export const DEEPEST_JSON = 200;

/** Problems that are listed; what comes after adds nothing. */
export const MOST_PROBLEMS = 100;
