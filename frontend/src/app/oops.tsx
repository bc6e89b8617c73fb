import { Link, useRouter } from '@tanstack/react-router';
import { t } from '../i18n/words';
import { Icon } from '../ui/icon';
import { Empty, messageOf } from '../ui/parts';
import { useTitle } from './use-title';

interface OopsProps {
  error: unknown;
  level?: 1 | 2;
}

/** A page, or a part of one, that failed to be drawn or loaded. */
export function Oops({ error, level = 2 }: OopsProps) {
  const router = useRouter();
  return (
    <Empty level={level} art={<Icon name="warn" size={28} />} title={t('This page could not be shown')} acts={<button type="button" className="btn" onClick={() => void router.invalidate()}><Icon name="again" />{t('Try again')}</button>}>
      {messageOf(error)}
    </Empty>
  );
}

/** An address that leads nowhere. */
export function Lost({ level = 2 }: { level?: 1 | 2 }) {
  useTitle(t('Not found'));
  return (
    <Empty level={level} art={<Icon name="search" size={28} />} title={t('Nothing is at this address')} acts={<Link to="/projects" className="btn">{t('To the projects')}</Link>}>
      {t('It may have been deleted, or the address is mistyped.')}
    </Empty>
  );
}

/** The same where there is no page around them. */
export const OopsPage = ({ error }: { error: unknown }) => <main><Oops error={error} level={1} /></main>;
export const LostPage = () => <main><Lost level={1} /></main>;
