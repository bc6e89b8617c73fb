/** Web addresses of files to import, one on each line. The server fetches them. */
import { t } from '../../i18n/words';
export const AddressBox = ({ text, onText }: { text: string; onText: (text: string) => void }) => (
  <label className="field">
    <span className="label">{t('Web addresses, one on each line')}</span>
    <textarea className="input mono-input" rows={6} spellCheck={false} autoFocus placeholder="https://example.com/tasks.json" value={text} onChange={(event) => onText(event.target.value)} />
    <span className="hint">{t('The server fetches the files; addresses of private networks are refused unless it is set up to allow them.')}</span>
  </label>
);

/** The lines that are addresses; everything else is left out of what is sent. */
export const addressesIn = (text: string): string[] => text.split(/\s+/).filter((each) => /^https?:\/\/\S+$/i.test(each));
