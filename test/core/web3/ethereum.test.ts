import { expect, test } from 'bun:test'
import { ethereum } from '../../../src/core/web3/ethereum'

/** Published by web3.js (`eth.accounts.sign`), which is not used here. */
const ADDRESS = '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23'
const SIGNATURE =
  '0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c'

const isSigned = (text: string, signature: string, address = ADDRESS) =>
  ethereum.isSignedBy({ text, address } as never, ethereum.decodeSignature(signature))

test('EIP-191: a published signature verifies for its address and text, and for no other', () => {
  expect(isSigned('Some data', SIGNATURE)).toBe(true)
  expect(isSigned('Some data', SIGNATURE, ADDRESS.toLowerCase())).toBe(true)
  // wallets that write 0 or 1 for 27 or 28
  expect(isSigned('Some data', `${SIGNATURE.slice(0, -2)}01`)).toBe(true)
  expect(isSigned('Some date', SIGNATURE)).toBe(false)
  expect(isSigned('Some data', SIGNATURE, `${ADDRESS.slice(0, -1)}4`)).toBe(false)
  for (const recovery of ['1b', '00', '02', '1d', 'ff'])
    expect(isSigned('Some data', `${SIGNATURE.slice(0, -2)}${recovery}`)).toBe(false)
})
