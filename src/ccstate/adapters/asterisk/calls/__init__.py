"""Call tests as real calls: placed by SIP, watched by AMI, held against what was walked.

dialled     what a call is, and the port to whatever SIP client places it
sipp        that port, by sipp; `scenario` is what sipp is told
keypad      which keys a caller presses, and when
watch       AMI events as what happened to each call
heard       what happened, in the words of journeys; where that parts from what was walked
turns       which call may begin, so that those who answer are there for each
run         many calls side by side
placing     the call tests of a project, on the target that ccstate.yaml names
load        calls at a rate, to see whether any fails while something else is done
"""
