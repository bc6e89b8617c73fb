import { expect, it } from 'vitest';
import fc from '../../../test-examples';
import { OffsetTable } from './offsets';

it('counts as a walk over the characters does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const table = new OffsetTable(text);
      let utf16 = 0;
      const characters = [...text];
      characters.forEach((character, codePoint) => {
        expect(table.toCodePoint(utf16)).toBe(codePoint);
        expect(table.toUtf16(codePoint)).toBe(utf16);
        utf16 += character.length;
      });
      expect(table.lengthInCodePoints).toBe(characters.length);
      expect(table.toUtf16(characters.length)).toBe(text.length);
    }),
  );
});
