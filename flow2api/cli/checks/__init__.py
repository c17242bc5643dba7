"""What `flow2api doctor` looks at, by subject. A check finds out how something is and changes nothing."""
