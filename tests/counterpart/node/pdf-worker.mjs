// The half of pdf.js that reads the file, with its words sent to the page: first the ears, then it.
import 'data:text/javascript,const said = new BroadcastChannel("said"); for (const kind of ["log", "info", "warn", "error"]) { console[kind] = (...words) => said.postMessage(`${kind}: ${words.join(" ")}`); }';
import '/build/pdf.worker.mjs';
