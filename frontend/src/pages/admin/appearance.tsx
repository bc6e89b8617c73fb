import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type CSSProperties, type RefObject, useRef, useState } from 'react';
import { address } from '../../api/addresses';
import { type Appearance, appearanceQuery, changeAppearance, type Look, removeLogo, uploadLogo } from '../../api/appearance';
import { Top } from '../../app/top';
import { LANGUAGES } from '../../i18n/languages';
import { t } from '../../i18n/words';
import { elsewhereWrong, Failure, Field, messageOf, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { AdminTabs } from './admin-frame';
import './appearance.css';

/** What does this installation call itself, and what does it look like? */
export function AdminAppearance() {
  const appearance = useQuery(appearanceQuery);
  const isUnsaved = useRef(false);
  return (
    <>
      <Top crumb={t('Administration')} title={t('Appearance')} />
      <AdminTabs />
      <div className="scroll">
        <div className="narrow">
          {appearance.isPending && <div className="card"><Skeleton width="46%" height={18} /></div>}
          {appearance.isError && <Failure error={appearance.error} retry={() => void appearance.refetch()} what={t('The appearance')} />}
          {appearance.data && <><Names appearance={appearance.data} isUnsaved={isUnsaved} /><Logo appearance={appearance.data} isUnsaved={isUnsaved} /></>}
        </div>
      </div>
    </>
  );
}

/** The pages carry their look with them: they are loaded anew. */
const showAnew = () => location.reload();

type Wanted = Omit<Look, 'logo'>;
const FIELDS = ['name', 'accent_light', 'accent_dark', 'language'] as const;

interface PartProps {
  appearance: Appearance;
  /** Whether a name or a colour was typed and not saved: then nothing may load the page anew. */
  isUnsaved: RefObject<boolean>;
}

function Names({ appearance, isUnsaved }: PartProps) {
  const [wanted, setWanted] = useState<Wanted>(appearance.set_here);
  const save = useMutation({ mutationFn: () => changeAppearance(Object.fromEntries(FIELDS.map((each) => [each, wanted[each].trim()]))), onSuccess: showAnew });
  const set = (key: keyof Wanted) => (value: string) => setWanted({ ...wanted, [key]: value });
  const changed = FIELDS.some((each) => wanted[each].trim() !== appearance.set_here[each]);
  isUnsaved.current = changed;
  const wrong = elsewhereWrong(save.error, FIELDS);
  const usual = (key: keyof Wanted, own: string) => appearance.of_settings[key] || own;
  return (
    <section className="card" aria-labelledby="look">
      <h2 id="look">{t('Name, colours and language')}</h2>
      <p className="two">{t('Everybody sees them, before the sign-in too. What is left empty is as the settings of the server say.')}</p>
      <form className="col" style={{ gap: 14, marginTop: 12 }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Field label={t('Name')} wrong={wrongWith(save.error, 'name')}>
          {(wiring) => <input {...wiring} className="input" maxLength={40} placeholder={usual('name', 'Treadle')} value={wanted.name} onChange={(event) => set('name')(event.target.value)} />}
        </Field>
        <div className="two-columns">
          <Colour label={t('Accent of the light theme')} value={wanted.accent_light} usual={usual('accent_light', '#0b6e83')} wrong={wrongWith(save.error, 'accent_light')} contrast={appearance.contrast_light} onChange={set('accent_light')} />
          <Colour label={t('Accent of the dark theme')} value={wanted.accent_dark} usual={usual('accent_dark', '#3cc4d9')} wrong={wrongWith(save.error, 'accent_dark')} contrast={appearance.contrast_dark} onChange={set('accent_dark')} />
        </div>
        <Field label={t('Language for those who chose none')} wrong={wrongWith(save.error, 'language')}>
          {(wiring) => (
            <select {...wiring} className="input" value={wanted.language} onChange={(event) => set('language')(event.target.value)}>
              <option value="">{appearance.of_settings.language ? t('As the settings say') : t('As their browser asks')}</option>
              {Object.entries(LANGUAGES).map(([each, name]) => <option key={each} value={each} lang={each}>{name}</option>)}
            </select>
          )}
        </Field>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
        <div className="row"><button type="submit" className="btn primary" disabled={!changed || save.isPending}>{save.isPending && <span className="turn" />}{t('Save')}</button></div>
      </form>
    </section>
  );
}

interface ColourProps {
  label: string;
  value: string;
  usual: string;
  wrong: string | undefined;
  contrast: number | null;
  onChange: (value: string) => void;
}

/** A colour by its number or by eye, with the contrast that text in it has now. */
function Colour({ label, value, usual, wrong, contrast, onChange }: ColourProps) {
  const shown = /^#[0-9a-f]{6}$/i.test(value) ? value : usual;
  return (
    <Field label={label} wrong={wrong} hint={contrast === null ? undefined : t('Contrast of text now: {ratio}:1', { ratio: contrast.toFixed(2) })}>
      {(wiring) => (
        <span className="row colour-field" style={{ '--c': shown } as CSSProperties}>
          <input type="color" className="swatch" aria-label={t('{label}: choose by eye', { label })} value={shown} onChange={(event) => onChange(event.target.value)} />
          <input {...wiring} className="input mono-input" spellCheck={false} maxLength={7} placeholder={usual} value={value} onChange={(event) => onChange(event.target.value)} />
        </span>
      )}
    </Field>
  );
}

function Logo({ appearance, isUnsaved }: PartProps) {
  const client = useQueryClient();
  const picker = useRef<HTMLInputElement>(null);
  const change = useMutation({ mutationFn: (file: File | null) => (file ? uploadLogo(file) : removeLogo()), onSuccess: () => (isUnsaved.current ? client.invalidateQueries(appearanceQuery) : showAnew()) });
  return (
    <section className="card" aria-labelledby="logo">
      <h2 id="logo">{t('Logo')}</h2>
      <p className="two">{t('SVG, PNG, JPEG or WebP of at most 1 MB. Of a drawing only shapes, colours and text are kept.')}</p>
      <div className="row wrap logo-row">
        {appearance.shown.logo && <span className="logo-shown"><img src={address(appearance.shown.logo)} alt={t('The logo now')} /></span>}
        <button type="button" className="btn" disabled={change.isPending} onClick={() => picker.current?.click()}>{change.isPending && <span className="turn" />}{appearance.shown.logo ? t('Another logo') : t('Choose a logo')}</button>
        {appearance.set_here.logo && <button type="button" className="btn ghost" disabled={change.isPending} onClick={() => change.mutate(null)}>{t('Remove it')}</button>}
        <input ref={picker} type="file" accept="image/svg+xml,image/png,image/jpeg,image/webp,image/gif" hidden aria-label={t('File of the logo')} onChange={(event) => { const file = event.target.files?.[0]; if (file) change.mutate(file); event.target.value = ''; }} />
      </div>
      {change.error && <Notice tone="bad" live>{messageOf(change.error)}</Notice>}
    </section>
  );
}
