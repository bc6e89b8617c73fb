import { describe, expect, it } from 'vitest';
import { parseConfig } from '../model/config/parse';
import type { Region } from '../model/types';
import { inkOn, Palette, scoreText } from './palette';

const config = parseConfig(`<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="car" background="#00ff00"/><Label value="van"/></RectangleLabels>
</View>`);

function region(change: Partial<Region>): Region {
  return {
    id: 'a', fromName: 'box', toName: 'img', labels: ['car'], origin: 'manual', suggested: false,
    shape: { kind: 'rectangle', x: 0, y: 0, width: 1, height: 1, rotation: 0 }, ...change,
  };
}

describe('palette', () => {
  it('takes the config’s colours and resolves the page’s tokens', () => {
    for (const token of ['--l1', '--l2']) document.documentElement.style.setProperty(token, '#1c7ed6');
    const palette = new Palette(config, document.documentElement);
    expect(palette.styleOf(region({})).colour).toBe('#00ff00');
    expect(palette.styleOf(region({ labels: ['van'] })).colour).toBe('#1c7ed6');
  });

  it('draws suggestions dashed, as a style of their own', () => {
    const palette = new Palette(config, document.documentElement);
    const [own, suggested] = [palette.styleOf(region({})), palette.styleOf(region({ suggested: true }))];
    expect(suggested.isDashed).toBe(true);
    expect(suggested.key).not.toBe(own.key);
    expect(palette.styleOf(region({ id: 'b' }))).toBe(own);
  });

  it('names a region by its labels, else says that it has none', () => {
    const palette = new Palette(config, document.documentElement);
    expect(palette.nameOf(region({ labels: ['car', 'van'] }))).toBe('car, van');
    expect(palette.nameOf(region({ labels: [] }))).toBe('no label');
  });

  it('puts readable ink on any colour', () => {
    expect(inkOn('#1c7ed6')).toBe('#fff');
    expect(inkOn('#f08c00')).toBe('#000');
    expect(inkOn('#ff0')).toBe('#000');
    expect(inkOn('rgb(20 20 20)')).toBe('#fff');
    expect(inkOn('teal')).toBe('#fff');
  });

  it('writes scores as the list does', () => {
    expect(scoreText(0.944)).toBe('0.94');
  });
});
