/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "html.h"

/* Blue and orange of Okabe and Ito, which the colour-blind can tell apart; the
 * darker pair on white, the lighter one on black. */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1d20;--soft:#5a6068;--line:#d5d9de;"
    "--page:#fff;--box:#f5f6f8;--normal:#0072b2;--anomalous:#d55e00}\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a3a9b2;"
    "--line:#3c4148;--page:#15171a;--box:#1f2226;--normal:#56b4e9;"
    "--anomalous:#e69f00}}\n"
    "@media print{:root{color-scheme:light;--ink:#000;--soft:#444;"
    "--line:#bbb;--page:#fff;--box:#fff;--normal:#0072b2;--anomalous:#d55e00}"
    "figure,tr,.id{break-inside:avoid}h2,h3,h4{break-after:avoid}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:84rem;"
    "background:var(--page);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}\n"
    "h2{font-size:1.35rem;line-height:1.25;margin:3rem 0 .75rem;"
    "padding-top:.75rem;border-top:1px solid var(--line)}\n"
    "h3{font-size:1.1rem;margin:2rem 0 .5rem}\n"
    "h4{font-size:1rem;margin:0 0 .25rem}\n"
    "h1,h2,h3,h4,dd{overflow-wrap:anywhere}\n"
    "p{max-width:44rem;margin:.5rem 0}\n"
    "a{color:var(--normal)}\n"
    "pre{background:var(--box);border:1px solid var(--line);border-radius:6px;"
    "padding:.75rem 1rem;margin:.75rem 0;white-space:pre-wrap;"
    "overflow-wrap:anywhere;font:.85rem/1.5 ui-monospace,monospace}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1.25rem;"
    "margin:.75rem 0}dt{color:var(--soft)}dd{margin:0}\n"
    ".scroll{overflow-x:auto;margin:.75rem 0}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:start;color:var(--soft);padding-bottom:.4rem}\n"
    "th,td{padding:.3rem 1rem .3rem 0;text-align:end;vertical-align:top;"
    "border-bottom:1px solid var(--line)}\n"
    "thead th{vertical-align:bottom;color:var(--soft);font-weight:600}\n"
    "th:first-child,.text{text-align:start}th{min-width:3.5rem}\n"
    "tbody th{font-weight:600}tr.mean{background:var(--box)}"
    "tr.mean>*{font-weight:600}\n"
    ".interval{display:block;font-size:.8rem;font-weight:400;"
    "color:var(--soft);white-space:nowrap}\n"
    ".best{font-weight:700}.soft{color:var(--soft)}\n"
    ".charts{display:grid;gap:1.5rem 1rem;margin:1rem 0;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,38rem),1fr))}\n"
    ".id{border:1px solid var(--line);border-radius:6px;padding:.75rem;"
    "min-width:0;max-width:48rem}\n"
    ".pair{display:grid;gap:.5rem;grid-template-columns:"
    "repeat(auto-fit,minmax(min(100%,13.5rem),1fr))}\n"
    "figure{margin:0;min-width:0;max-width:22.5rem}figcaption{font-size:.8rem;line-height:1.35;"
    "color:var(--soft)}\n"
    "svg{display:block;width:100%;height:auto;"
    "font:12px system-ui,sans-serif;fill:var(--ink)}\n"
    "svg .grid{stroke:var(--line);fill:none}"
    "svg .axis{stroke:var(--soft);fill:none}\n"
    "svg .chance{stroke:var(--soft);stroke-dasharray:4 4;fill:none}"
    "svg .region{fill:var(--soft);fill-opacity:.18}\n"
    "svg .curve{stroke:var(--ink);stroke-width:2;fill:none;"
    "stroke-linejoin:round}\n"
    "svg .loss,svg .validation{stroke-width:2;fill:none;stroke-linejoin:round;"
    "stroke-linecap:round}svg .loss{stroke:var(--normal)}"
    "svg .validation{stroke:var(--ink);stroke-dasharray:5 4}"
    "svg .spread{stroke:var(--ink);stroke-width:1.5}\n"
    "svg .tick{fill:var(--soft)}"
    "svg .normal,svg .anomalous{stroke-width:1.5;fill-opacity:.3}\n"
    "svg .normal{fill:var(--normal);stroke:var(--normal)}"
    "svg .anomalous{fill:var(--anomalous);stroke:var(--anomalous)}\n";

GString *
html_new (const char *title)
{
  GString *page = g_string_new ("<!DOCTYPE html>\n");

  html_add (page, "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<meta name=\"generator\" content=\"gst-asd "
      PACKAGE_VERSION "\">\n<title>%s</title>\n<style>\n", title);
  g_string_append (page, style);
  html_add (page, "</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n", title);
  return page;
}

void
html_add (GString * page, const char *format, ...)
{
  va_list args;
  char *text;

  va_start (args, format);
  text = g_markup_vprintf_escaped (format, args);
  va_end (args);
  g_string_append (page, text);
  g_free (text);
}

void
html_end (GString * page)
{
  g_string_append (page, "</main>\n</body>\n</html>\n");
}

char *
html_clean (const char *text)
{
  char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_new (NULL);
  const char *c;

  for (c = valid; *c != '\0'; c = g_utf8_next_char (c)) {
    gunichar letter = g_utf8_get_char (c);

    if (g_unichar_iscntrl (letter) && letter != '\n')
      letter = 0xfffd;
    g_string_append_unichar (clean, letter);
  }
  g_free (valid);
  return g_string_free (clean, FALSE);
}
