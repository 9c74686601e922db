"""Presses the buttons of another Tk app on this display, through Tk's own `send`. It reads Tcl scripts as lines of JSON,
and answers each with its result."""

import json
import sys
import tkinter

window = tkinter.Tk()
window.withdraw()
for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"result": str(window.tk.call("send", command["app"], command["script"]))}
    except tkinter.TclError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
