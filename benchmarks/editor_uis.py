"""The two label pages that are measured, and how to ask each for what a person would see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ui:
    """How to sign in to a label page and ask it for what a person would see; the values are JavaScript."""

    name: str
    address: str
    sign_in: str
    ready: str
    surface: str
    selected: str
    count: str
    task: str
    scroller: str
    span_point: str
    text_point: str
    submit: str


TREADLE = Ui(
    name="Treadle",
    address="/projects/{project}/label?bench=1",
    sign_in="/user/login",
    ready="n => !!window.__bench && window.__bench.ready(n)",
    surface="() => window.__bench.surface()",
    selected="() => window.__bench.selected()",
    count="() => window.__bench.count()",
    task="() => String(window.__bench?.task() ?? '')",
    scroller="() => window.__bench.scroller()",
    span_point="i => window.__bench.spanPoint(i)",
    text_point="() => window.__bench.textPoint()",
    submit="[data-testid=submit]",
)

LABEL_STUDIO = Ui(
    name="Label Studio",
    address="/projects/{project}/data?labeling=1",
    sign_in="/user/login/",
    ready="""n => {
      const all = window.Htx?.annotationStore?.selected, first = all?.objects[0];
      if (!first || window.Htx.isLoading || all.regions.length < n) return false;
      if (first.type !== 'image') return !n || document.querySelectorAll('.htx-highlight').length >= n;
      const stage = first.stageRef, loaded = first.currentImageEntity?.imageLoaded;
      if (!stage || !loaded || stage.getLayers().length < 2 || first.stageWidth <= 10) return false;
      return !n || stage.find('Rect,Line').length >= n;
    }""",
    surface="""() => {
      const image = Htx.annotationStore.selected.objects[0];
      const { x, y } = image.stageRef.container().getBoundingClientRect();
      return { x, y, w: image.stageWidth, h: image.stageHeight };
    }""",
    selected="() => Htx.annotationStore.selected.regionStore.selection.highlighted?.id ?? null",
    count="() => Htx.annotationStore.selected.areas.size",
    task="() => String(window.Htx?.task?.id ?? '')",
    scroller="""() => {
      const isScroller = (it) => /auto|scroll/.test(getComputedStyle(it).overflowY);
      const scrolls = (it) => it.scrollHeight > it.clientHeight + 50 && isScroller(it);
      let at = document.querySelector('.htx-highlight');
      while (at && !scrolls(at)) at = at.parentElement;
      return at ?? document.scrollingElement;
    }""",
    span_point="""i => {
      const seen = [...document.querySelectorAll('.htx-highlight')].filter((it) => {
        const { top, bottom, left, width } = it.getBoundingClientRect();
        return top > 120 && bottom < innerHeight - 140 && left > 0 && width > 8;
      });
      const rect = seen[i]?.getClientRects()[0];
      return rect ? { x: rect.left + Math.min(6, rect.width / 2), y: rect.top + rect.height / 2 } : null;
    }""",
    text_point="""() => {
      const names = ['richtext__container', 'richtext__line', 'richtext'];
      const text = document.querySelector(names.map((name) => `[class*=${name}]`).join(','));
      const { left, top } = text.getBoundingClientRect();
      return { x: left + 60, y: Math.max(top, 90) + 130 };
    }""",
    submit="button[aria-label='submit'],button[aria-label='Submit current annotation'],"
    "button[aria-label='Submit annotation']",
)
