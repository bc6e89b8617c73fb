// Runs before the first paint, so that a page never flashes in the other theme or in English; follows the machine's
// theme from then on, and fetches the catalogue of the language, and of that one alone, beside the other scripts.
(function () {
  var root = document.documentElement;
  var system = matchMedia('(prefers-color-scheme: dark)');
  function kept(name) {
    try { return localStorage.getItem(name); } catch (_) { return null; /* storage may be switched off */ }
  }
  function paint() {
    var wish = kept('treadle.theme');
    var dark = wish === 'dark' || (wish !== 'light' && system.matches);
    if (dark) root.dataset.theme = 'dark';
    else delete root.dataset.theme;
  }
  paint();
  system.addEventListener('change', paint);

  var languages = ['en', 'ko', 'th', 'zh', 'ja'];
  function known(tag) {
    var wanted = String(tag || '').toLowerCase();
    if (/^zh-(.*-)?(hant|tw|hk|mo)\b/.test(wanted)) return ''; // 简体中文 is not what they read; app/language.ts says the same
    var name = wanted.split('-')[0];
    return languages.indexOf(name) < 0 ? '' : name;
  }
  // A person's own choice, else the installation's, else the first that their browser asks for.
  var language = known(kept('treadle.language')) || known(root.dataset.language);
  var asked = navigator.languages || [navigator.language];
  for (var i = 0; !language && i < asked.length; i += 1) language = known(asked[i]);
  root.lang = language || 'en';
  if (root.lang === 'en') return;
  // Written here, they run before any module does; one that does not arrive leaves English.
  document.currentScript.dataset.words.split(' ').forEach(function (part) {
    document.write('<script src="./locales/' + root.lang + '/' + part + '.js"><\/script>');
  });
})();
