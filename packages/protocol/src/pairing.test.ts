import { expect, test } from '@jest/globals';

import { answerProof, beginProof, completeProof, sameProof, type PairingTranscript } from './pairing.ts';

const secret = Buffer.alloc(32, 1);
const transcript: PairingTranscript = {
  serverNonce: Buffer.alloc(32, 2),
  serverKey: '03'.repeat(32),
  agentKey: '04'.repeat(32),
  authorityPem: 'authority',
};
const answer = { agentNonce: Buffer.alloc(32, 5), csrDer: Buffer.from('csr') };
const end = { agentNonce: answer.agentNonce, agentId: 'a1', chainPem: 'chain' };

const others: PairingTranscript[] = [
  { ...transcript, serverNonce: Buffer.alloc(32, 9) },
  { ...transcript, serverKey: '09'.repeat(32) },
  { ...transcript, agentKey: '09'.repeat(32) },
  { ...transcript, authorityPem: 'another' },
];

test('each proof is bound to the secret, both nonces, both TLS keys and the authority', () => {
  for (const other of others) {
    expect(sameProof(beginProof(secret, transcript), beginProof(secret, other))).toBe(false);
    expect(sameProof(answerProof(secret, transcript, answer), answerProof(secret, other, answer))).toBe(
      false,
    );
    expect(sameProof(completeProof(secret, transcript, end), completeProof(secret, other, end))).toBe(false);
  }
  expect(sameProof(beginProof(secret, transcript), beginProof(Buffer.alloc(32, 8), transcript))).toBe(false);
  expect(
    sameProof(
      answerProof(secret, transcript, answer),
      answerProof(secret, transcript, { ...answer, csrDer: Buffer.from('x') }),
    ),
  ).toBe(false);
  expect(
    sameProof(
      completeProof(secret, transcript, end),
      completeProof(secret, transcript, { ...end, agentId: 'a2' }),
    ),
  ).toBe(false);
  expect(
    sameProof(
      completeProof(secret, transcript, end),
      completeProof(secret, transcript, { ...end, chainPem: 'x' }),
    ),
  ).toBe(false);
});

test('the same proof is made again, and no step passes for another', () => {
  expect(sameProof(beginProof(secret, transcript), beginProof(secret, { ...transcript }))).toBe(true);
  expect(sameProof(beginProof(secret, transcript), answerProof(secret, transcript, answer))).toBe(false);
  expect(sameProof(answerProof(secret, transcript, answer), completeProof(secret, transcript, end))).toBe(
    false,
  );
  expect(sameProof(Buffer.alloc(0), beginProof(secret, transcript))).toBe(false);
});
