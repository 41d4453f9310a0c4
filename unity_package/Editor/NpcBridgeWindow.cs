using System.Collections.Generic;
using System.Linq;
using NpcBridge.Core;
using UnityEditor;
using UnityEngine;

namespace NpcBridge.Editor
{
    /// <summary>A window that shows the connection while the game plays: its state, messages, turns, unmapped actions, and a test chat.</summary>
    internal sealed class NpcBridgeWindow : EditorWindow
    {
        private static readonly string[] Tabs = { "Messages", "Turns", "Unmapped actions", "Figures" };

        /// <summary>From this tab on, what is shown is what the bridge counts.</summary>
        private const int FirstAskedTab = 2;

        private Watch _watch;
        private Vector2 _place;
        private int _tab;
        private string _npc = "";
        private string _line = "";
        private string _said = "";

        [MenuItem("Window/NPC Bridge")]
        private static void Open()
        {
            GetWindow<NpcBridgeWindow>("NPC Bridge");
        }

        private void OnDisable()
        {
            _watch?.Dispose();
            _watch = null;
        }

        private void OnInspectorUpdate()
        {
            Repaint();
        }

        private void OnGUI()
        {
            if (!Application.isPlaying || !NpcBridgeConnection.Exists)
            {
                _watch?.Dispose();
                _watch = null;
                EditorGUILayout.HelpBox("Press Play in a scene with an NpcCharacter.", MessageType.Info);
                return;
            }

            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            if (_watch == null || !_watch.IsOf(bridge))
            {
                _watch?.Dispose();
                _watch = new Watch(bridge);
            }

            DrawState(bridge);
            DrawChat();
            _tab = GUILayout.Toolbar(_tab, Tabs);
            if (_tab >= FirstAskedTab && _watch.IsStale)
            {
                _watch.Ask();
            }

            _place = EditorGUILayout.BeginScrollView(_place);
            if (_tab == FirstAskedTab)
            {
                DrawSuggestions();
            }

            foreach (string line in Lines())
            {
                EditorGUILayout.SelectableLabel(line, GUILayout.Height(EditorGUIUtility.singleLineHeight * (1 + line.Count(each => each == '\n'))));
            }

            EditorGUILayout.EndScrollView();
        }

        private static void DrawState(NpcBridgeConnection bridge)
        {
            EditorGUILayout.LabelField("State", bridge.StateName + (bridge.Reason.Length > 0 ? ": " + bridge.Reason : ""));
            if (bridge.Welcome != null)
            {
                EditorGUILayout.LabelField("Bridge", bridge.Welcome.Server + ", " + bridge.Welcome.Model + " (" + bridge.Welcome.Backend + ")");
            }

            EditorGUILayout.LabelField("Waiting to be accepted", bridge.WaitingCount.ToString());
            EditorGUILayout.LabelField("Dropped messages", bridge.Dropped.ToString());
            EditorGUILayout.BeginHorizontal();
            if (GUILayout.Button("Connect"))
            {
                bridge.Connect();
            }

            if (GUILayout.Button("Stop"))
            {
                bridge.Stop();
            }

            EditorGUILayout.EndHorizontal();
        }

        private void DrawChat()
        {
            EditorGUILayout.BeginHorizontal();
            _npc = EditorGUILayout.TextField(_npc, GUILayout.Width(120));
            _line = EditorGUILayout.TextField(_line);
            if (GUILayout.Button("Say", GUILayout.Width(60)))
            {
                GameObject found = GameObject.Find(_npc);
                NpcCharacter character = found != null ? found.GetComponent<NpcCharacter>() : null;
                if (character != null)
                {
                    character.Say(_line);
                    _line = "";
                }
            }

            EditorGUILayout.EndHorizontal();
            if (_npc.Length == 0)
            {
                EditorGUILayout.HelpBox("Write the name of an NPC's object on the left and a line on the right.", MessageType.None);
            }
        }

        private void DrawSuggestions()
        {
            foreach (UnmappedAction action in _watch.Suggested)
            {
                EditorGUILayout.BeginHorizontal();
                EditorGUILayout.LabelField(action.Character, action.Count + " × " + action.Action);
                foreach (string clip in action.Suggestions)
                {
                    if (GUILayout.Button(clip, GUILayout.Width(100)))
                    {
                        _said = Aliases.Accept(action, clip);
                    }
                }

                EditorGUILayout.EndHorizontal();
            }

            EditorGUILayout.HelpBox(_said.Length > 0 ? _said : "A button makes the action another word for that clip, in the clip map of its NPC.", MessageType.None);
        }

        private IEnumerable<string> Lines()
        {
            switch (_tab)
            {
                case 0: return _watch.Messages;
                case 1: return _watch.Turns;
                case 3: return _watch.Figures;
                default: return _watch.Unmapped.OrderByDescending(each => each.Value).Select(each => each.Value + " × " + each.Key);
            }
        }
    }
}
