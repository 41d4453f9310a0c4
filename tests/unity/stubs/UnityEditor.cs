using System;
using System.Collections.Generic;
using UnityEngine;

// What the package's editor part and its samples use of UnityEditor, with Unity's names and signatures. It draws nothing.
namespace UnityEngine
{
    public class GUILayoutOption
    {
    }

    public struct Rect
    {
        public Rect(float x, float y, float width, float height)
        {
        }
    }

    public static class GUILayout
    {
        public static void BeginArea(Rect screenRect)
        {
        }

        public static void EndArea()
        {
        }

        public static void BeginHorizontal(params GUILayoutOption[] options)
        {
        }

        public static void EndHorizontal()
        {
        }

        public static void Label(string text, params GUILayoutOption[] options)
        {
        }

        public static string TextField(string text, int maxLength, params GUILayoutOption[] options)
        {
            return text;
        }

        public static bool Button(string text, params GUILayoutOption[] options)
        {
            return false;
        }

        public static int Toolbar(int selected, string[] texts, params GUILayoutOption[] options)
        {
            return selected;
        }

        public static GUILayoutOption Height(float height)
        {
            return new GUILayoutOption();
        }

        public static GUILayoutOption Width(float width)
        {
            return new GUILayoutOption();
        }
    }

    public class AnimatorOverrideController : RuntimeAnimatorController
    {
        public RuntimeAnimatorController runtimeAnimatorController { get; set; }
    }
}

namespace UnityEngine.SceneManagement
{
    public struct Scene
    {
    }

    public class SceneManager
    {
        public static Scene GetActiveScene()
        {
            return default;
        }
    }
}

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Class)]
    public class InitializeOnLoadAttribute : Attribute
    {
    }

    public sealed class MenuItem : Attribute
    {
        public MenuItem(string itemName)
        {
        }
    }

    public sealed class CustomEditor : Attribute
    {
        public CustomEditor(Type inspectedType)
        {
        }
    }

    public static class AssemblyReloadEvents
    {
        public delegate void AssemblyReloadCallback();

        public static event AssemblyReloadCallback beforeAssemblyReload;

        public static void Reload()
        {
            beforeAssemblyReload?.Invoke();
        }
    }

    public class EditorApplication
    {
        public static event Action quitting;

        public static void Quit()
        {
            quitting?.Invoke();
        }
    }

    public enum SettingsScope
    {
        User,
        Project,
    }

    [AttributeUsage(AttributeTargets.Method)]
    public class SettingsProviderAttribute : Attribute
    {
    }

    public class SettingsProvider
    {
        public SettingsProvider(string path, SettingsScope scopes, IEnumerable<string> keywords = null)
        {
        }

        public string label { get; set; }

        public Action<string> guiHandler { get; set; }

        public IEnumerable<string> keywords { get; set; }
    }

    public enum MessageType
    {
        None,
        Info,
        Warning,
        Error,
    }

    public sealed class EditorGUILayout
    {
        public static void HelpBox(string message, MessageType type)
        {
        }

        public static bool PropertyField(SerializedProperty property, bool includeChildren, params GUILayoutOption[] options)
        {
            return false;
        }

        public static void LabelField(string label, string label2, params GUILayoutOption[] options)
        {
        }

        public static void SelectableLabel(string text, params GUILayoutOption[] options)
        {
        }

        public static string TextField(string text, params GUILayoutOption[] options)
        {
            return text;
        }

        public static Rect BeginHorizontal(params GUILayoutOption[] options)
        {
            return default;
        }

        public static void EndHorizontal()
        {
        }

        public static Vector2 BeginScrollView(Vector2 scrollPosition, params GUILayoutOption[] options)
        {
            return scrollPosition;
        }

        public static void EndScrollView()
        {
        }
    }

    public class EditorGUIUtility
    {
        public static float singleLineHeight => 18f;
    }

    public class SerializedProperty
    {
        public string name => "";

        public bool NextVisible(bool enterChildren)
        {
            return false;
        }
    }

    public class SerializedObject
    {
        public SerializedObject(UnityEngine.Object obj)
        {
        }

        public SerializedProperty GetIterator()
        {
            return new SerializedProperty();
        }

        public bool ApplyModifiedProperties()
        {
            return true;
        }
    }

    public sealed class AssetDatabase
    {
        public static T LoadAssetAtPath<T>(string assetPath)
            where T : UnityEngine.Object
        {
            return null;
        }

        public static void CreateAsset(UnityEngine.Object asset, string path)
        {
        }

        public static void SaveAssets()
        {
        }
    }

    public class Editor : ScriptableObject
    {
        public UnityEngine.Object target { get; set; }

        public virtual void OnInspectorGUI()
        {
        }

        public bool DrawDefaultInspector()
        {
            return true;
        }
    }

    public class EditorWindow : ScriptableObject
    {
        public static T GetWindow<T>(string title)
            where T : EditorWindow
        {
            return CreateInstance<T>();
        }

        public void Repaint()
        {
        }
    }

    public class Undo
    {
        public static void RecordObject(UnityEngine.Object objectToUndo, string name)
        {
        }
    }

    public class EditorUtility
    {
        public static void SetDirty(UnityEngine.Object target)
        {
        }
    }

    public sealed class Selection
    {
        public static GameObject activeGameObject { get; set; }
    }
}

namespace UnityEditor.Animations
{
    public class AnimatorState : UnityEngine.Object
    {
    }

    public struct ChildAnimatorState
    {
        public AnimatorState state { get; set; }
    }

    public class AnimatorStateMachine : UnityEngine.Object
    {
        private readonly List<ChildAnimatorState> _states = new List<ChildAnimatorState>();

        public ChildAnimatorState[] states => _states.ToArray();

        public AnimatorState AddState(string name)
        {
            var state = new AnimatorState { name = name };
            _states.Add(new ChildAnimatorState { state = state });
            return state;
        }
    }

    public class AnimatorControllerLayer
    {
        public AnimatorStateMachine stateMachine { get; set; } = new AnimatorStateMachine();
    }

    public sealed class AnimatorController : RuntimeAnimatorController
    {
        public AnimatorControllerLayer[] layers { get; set; } = { new AnimatorControllerLayer() };

        public static AnimatorController CreateAnimatorControllerAtPath(string path)
        {
            return new AnimatorController();
        }
    }
}

namespace UnityEditor.SceneManagement
{
    public enum NewSceneSetup
    {
        EmptyScene,
        DefaultGameObjects,
    }

    public enum NewSceneMode
    {
        Single,
        Additive,
    }

    public sealed class EditorSceneManager
    {
        public static bool SaveCurrentModifiedScenesIfUserWantsTo()
        {
            return true;
        }

        public static UnityEngine.SceneManagement.Scene NewScene(NewSceneSetup setup, NewSceneMode mode)
        {
            return default;
        }

        public static bool MarkSceneDirty(UnityEngine.SceneManagement.Scene scene)
        {
            return true;
        }
    }
}
