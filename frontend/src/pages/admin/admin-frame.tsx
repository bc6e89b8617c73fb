import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { sessionQuery } from '../../api/session';
import { Top } from '../../app/top';
import { rich } from '../../i18n/rich';
import { language, t } from '../../i18n/words';
import { Empty } from '../../ui/parts';
import './admin.css';

/** What the pages of administration share: who may see them, and the way from one to the other. */
export function AdminFrame() {
  const { user } = useSuspenseQuery(sessionQuery).data;
  if (!user?.is_admin) return <><Top title={t('Administration')} /><Empty title={t('These pages are for organisation admins')}>{rich('The people and service accounts of your workspace are under <link>Members</link>.', { link: (words) => <Link to="/members" className="link">{words}</Link> })}</Empty></>;
  return <Outlet />;
}

/** The tabs below the bar of each of them. */
export const AdminTabs = () => (
  <nav className="tabs" lang={language} aria-label={t('Administration')}>
    <Link to="/admin/people">{t('People')}</Link>
    <Link to="/admin/workspaces">{t('Workspaces')}</Link>
    <Link to="/admin/tokens">{t('Tokens')}</Link>
    <Link to="/admin/service-accounts">{t('Service accounts')}</Link>
    <Link to="/admin/appearance">{t('Appearance')}</Link>
    <Link to="/admin/audit">{t('Audit log')}</Link>
    <Link to="/admin/set-up">{t('Set-up check')}</Link>
  </nav>
);
