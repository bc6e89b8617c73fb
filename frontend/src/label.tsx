import { createRoot } from 'react-dom/client';
import { refuseStrayDrops } from './app/stray-drops.ts';
import { loadPictureSurface } from './editor/ui/picture-stage.tsx';
import { loadTextSurface } from './editor/ui/text-stage.tsx';
import { t } from './i18n/words.ts';
import { readAddress } from './pages/label/address.ts';
import { LabelPage } from './pages/label/label-page.tsx';
import { Labelling } from './pages/label/labelling.ts';
import './pages/label/label.css';

refuseStrayDrops();
const root = createRoot(document.getElementById('root') as HTMLElement);
const address = readAddress(location.href);
if (address) {
  const labelling = new Labelling(address, (kind) => (kind === 'image' ? loadPictureSurface() : loadTextSurface()));
  void labelling.start(); // the first answers are under way while React draws
  root.render(<LabelPage labelling={labelling} />);
} else {
  root.render(<main className="empty"><h1>{t('This is no label page')}</h1><p>{t('Its address names no project.')}</p></main>);
}
