// Longshore's functions for Node scripts: const { getVariable } = require('longshore').
// In an ES module: process.getBuiltinModule('module').createRequire(import.meta.url)('longshore').
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { basename, resolve } = require('node:path');

let variables;

/** All variables, as a Map. */
exports.getVariables = () => (variables ??= read());

/** A variable's value; undefined where there is none. */
exports.getVariable = (name) => exports.getVariables().get(name);

/** Sets an output variable. */
exports.setVariable = (name, value, { sensitive = false } = {}) => {
  // On both streams: which of them is read first can't be known.
  if (sensitive) process.stderr.write(`##longshore[mask value='${encode(value)}']\n`);
  message('setVariable', { name, value, ...(sensitive ? { sensitive: 'True' } : {}) });
};

/** Hides the value in the output from now on. */
exports.maskValue = (value) => {
  process.stderr.write(`##longshore[mask value='${encode(value)}']\n`);
  message('mask', { value });
};

/** The file is collected when the script has ended. */
exports.newArtifact = (path, name = basename(path)) => {
  if (!existsSync(path)) throw new Error(`newArtifact: there is no file "${path}"`);
  message('createArtifact', { path: resolve(path), name });
};

/** Ends the script with 1; the text is what the task says of its failure. */
exports.failStep = (text) => {
  if (text) message('resultMessage', { message: text });
  process.exit(1);
};

exports.updateProgress = (percentage, text = '') => message('progress', { percentage, message: text });

exports.writeVerbose = (...values) => print('verbose', values);
exports.writeHighlight = (...values) => print('highlight', values);
exports.writeWait = (...values) => print('wait', values);
exports.writeWarning = (...values) => print('warning', values);
exports.writeError = (...values) => print('error', values);

/** The file holds NAME NUL VALUE NUL … */
function read() {
  const found = new Map();
  if (!process.env.LONGSHORE_VARIABLES) return found;
  const items = readFileSync(process.env.LONGSHORE_VARIABLES, 'utf8').split('\0');
  for (let at = 0; at + 1 < items.length; at += 2) found.set(items[at], items[at + 1]);
  return found;
}

function encode(value) {
  return (Buffer.isBuffer(value) ? value : Buffer.from(String(value))).toString('base64');
}

function message(name, attributes) {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}='${encode(value)}'`);
  process.stdout.write(`##longshore[${name}${written.join('')}]\n`);
}

function print(level, values) {
  process.stdout.write(`##longshore[stdout-${level}]\n${values.join(' ')}\n##longshore[stdout-default]\n`);
}
