import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/layout.css";

render(<h1>flow2api</h1>, document.getElementById("app")!);
