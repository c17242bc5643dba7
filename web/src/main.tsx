/** Puts the app on the page. */
import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/layout.css";
import "./style/controls.css";
import "./style/parts.css";
import "./style/tools.css";
import "./style/table.css";
import "./style/tree.css";
import "./style/floats.css";
import "./style/fields.css";
import "./style/overview.css";
import "./style/pages.css";
import "./style/log.css";
import "./style/create.css";
import { App } from "./app";
import { clockAhead } from "./live/state";
import { followClock } from "./format";
import { applyPrefs } from "./prefs";
import { begin } from "./session";

applyPrefs();
followClock(clockAhead);
void begin();
render(<App />, document.getElementById("app") as HTMLElement);
